// What happens to an operation's row, and with it to the rows that a step of its work is about.

import VaultCrypto
import VaultFormat

/// Carries out the changes of operations inside a transaction.
struct OperationChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64
    let retention: RetentionPolicies

    func apply(_ change: Change) throws(ChangeFailure) -> ChangeResult {
        switch change {
        case .startOperation(let operation): return .operation(try start(operation))
        case .startErasure(let operation, let receipt):
            let row = try start(operation)
            try catalogued { () throws(StorageError) in
                try catalog.insertReceipt(receipt.authenticated(by: keyring, at: index))
            }
            return .operation(row)
        case .moveOperation(let id, let state, let failure):
            let row = try write(try operation(id, to: state), state, failure: failure)
            if state.isFinal { try erasure.close(row) }
            return .operation(row)
        case .advanceOperation(let id, let step): return try advance(id, step)
        default: throw .refused(VaultError(.internalError))
        }
    }

    private func start(_ offered: OperationRow) throws(ChangeFailure) -> OperationRow {
        let others = try catalogued { () throws(StorageError) in
            try catalog.unfinishedOperations(limit: Limits.finishedOperations)
        }
        // One that does not verify is never worked on, so it hinders nothing.
        let hindered = others.contains { other in
            other.kind.excludes(offered.kind) && (try? other.verify(with: keyring)) != nil
        }
        guard !hindered else { throw .refused(VaultError(.operationConflict)) }
        let erasures = others.count { $0.kind == .erase }
        guard offered.kind != .erase || erasures < Limits.erasuresUnfinished else {
            throw .refused(VaultError(.overloaded))
        }
        return try catalogued { () throws(StorageError) in
            try catalog.deleteFinishedOperations(butNewest: Limits.finishedOperations)
            var row = offered.authenticated(by: keyring, at: index)
            row.row = try catalog.insertOperation(row)
            return row
        }
    }

    /// The operation, if it may come into `state` from the one it is in.
    private func operation(
        _ id: OperationID, to state: OperationState
    ) throws(ChangeFailure) -> OperationRow {
        let row = try catalogued { () throws(StorageError) in try catalog.operation(id) }
        guard let row else { throw .refused(VaultError(.unknownOperation)) }
        try refusing { () throws(VaultError) in try row.verify(with: keyring) }
        guard state.reachableFrom.contains(row.state) else {
            throw .refused(VaultError(.operationConflict))
        }
        return row
    }

    private func write(
        _ row: OperationRow, _ state: OperationState, failure: ErrorCode? = nil
    ) throws(ChangeFailure) -> OperationRow {
        var row = row
        row.state = state
        row.failure = failure
        row.updatedMicroseconds = microseconds
        row = row.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.updateOperation(row) }
        return row
    }

    private func advance(
        _ id: OperationID, _ step: OperationStep
    ) throws(ChangeFailure) -> ChangeResult {
        var erased: BlobID?
        var asTold = true
        var row = try operation(id, to: .running)
        // What was dealt with before is never dealt with again.
        guard step.cursor > row.progress.cursor else {
            throw .refused(VaultError(.operationConflict))
        }
        switch step.effect {
        case .images(let images):
            for looked in images { asTold = try enter(looked, &row) && asTold }
        case .phase(let total): try begin(try place(step), total, &row)
        case .rewraps(let keys, let unopened):
            try catalogued { () throws(StorageError) in try catalog.rewrap(keys) }
            row.progress.done += keys.count + unopened.count
            try note(unopened, &row)
        case .opened(let count, let unopened):
            row.progress.done += count
            try note(unopened, &row)
        case .reencrypted(let images, let failed):
            for image in images { try enter(image, &row) }
            try enter(failed, &row)
        case .rekeyed(let references, let failed):
            for reference in references { try enter(reference, &row) }
            try enter(failed, &row)
        case .statement(let signed):
            try catalogued { () throws(StorageError) in try catalog.insertStatement(signed) }
        case .erased(let claim):
            let end = try erase(claim, &row)
            if case .gone(let blob) = end { erased = blob } else { asTold = false }
        case .scrubbed(let count, let failed):
            row.progress.done += count
            if let failed { asTold = try enter(failed, &row) }
        case .checked(let count, let findings):
            row.progress.done += count
            row.progress.found += findings.count
            for finding in findings { try insert(finding, row) }
        }
        row.progress.cursor = step.cursor
        return .advanced(try write(row, .running), erased: erased, asTold: asTold)
    }

    private func erase(
        _ claim: ErasedClaim, _ row: inout OperationRow
    ) throws(ChangeFailure) -> ClaimEnd {
        row.progress.done += 1
        let end = try erasure.enter(claim, row)
        if case .stays(let code) = end { try note(claim.image, code, &row) }
        return end
    }

    private var erasure: ErasureChange {
        ErasureChange(
            catalog: catalog, keyring: keyring, index: index, microseconds: microseconds,
            retention: retention)
    }

    private func insert(
        _ finding: CheckFinding, _ row: OperationRow
    ) throws(ChangeFailure) {
        try catalogued { () throws(StorageError) in
            try catalog.insertFinding(
                OperationFindingRow(
                    row: 0, operation: row.row, namespace: finding.namespace, image: finding.image,
                    code: finding.code, finding: nil, event: finding.event))
        }
    }

    private func place(_ step: OperationStep) throws(ChangeFailure) -> KeyWalkPlace {
        do throws(FormatError) {
            return try KeyWalkPlace(cursor: step.cursor)
        } catch {
            throw .refused(VaultError(.rowDamaged))
        }
    }

    /// Every row that is there now, in whatever batch it came, is in the phase; what comes later is
    /// wrapped under the primary epoch.
    private func begin(
        _ place: KeyWalkPlace, _ total: Int?, _ row: inout OperationRow
    ) throws(ChangeFailure) {
        if let owner = place.phase.owner {
            let last = try catalogued { () throws(StorageError) in
                try catalog.lastRow(of: owner)
            }
            do throws(VaultError) {
                row.progress.last = try place.cursor(at: last)
            } catch {
                throw .refused(error)
            }
        } else {
            row.progress.last = place.cursor
        }
        guard let total else { return }
        row.progress.total = total
        row.progress.done = 0
    }

    /// An image that went, or was sealed anew by somebody else, since it was read leaves only its count.
    private func enter(
        _ resealed: ResealedImage, _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.done += 1
        let old = resealed.old
        let current = try catalogued { () throws(StorageError) in
            try catalog.image(old.image, in: old.namespace)
        }
        guard var image = current, image.row == old.row, image.blob == old.blob else { return }
        guard (try? image.verify(with: keyring)) != nil else {
            return try note(image, .rowDamaged, &row)
        }
        image.blob = resealed.blob
        image.key = resealed.key
        let changed = image.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.resealImage(changed) }
    }

    private func enter(
        _ rekeyed: RekeyedReference, _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.done += 1
        let (old, image) = (rekeyed.old, rekeyed.image)
        let current = try catalogued { () throws(StorageError) in
            try catalog.reference(of: old.imageRow, claim: old.claim)
        }
        // Its end may have been moved meanwhile: that keeps its key, and its words.
        guard var reference = current, reference.reference == old.reference,
            reference.key == old.key, reference.sealedBody == old.sealedBody
        else { return }
        guard (try? reference.verify(of: image, with: keyring)) != nil else {
            return try note(image, .rowDamaged, &row)
        }
        (reference.key, reference.sealedBody) = (rekeyed.new.key, rekeyed.new.sealedBody)
        let changed = reference.authenticated(of: image, by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.rekeyReference(changed) }
    }

    private func enter(
        _ failed: [ImageFailure], _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.done += failed.count
        for failure in failed { try note(failure.image, failure.code, &row) }
    }

    private func note(
        _ image: ImageRow, _ code: ErrorCode, _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.failures += 1
        try note(image, code, nil, row)
    }

    private func note(
        _ unopened: [StoredWrap], _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.failures += unopened.count
        for wrap in unopened {
            let finding = OperationFindingRow(
                row: 0, operation: row.row, namespace: wrap.context.namespace,
                image: wrap.context.image, code: .wrapDamaged, finding: nil)
            try catalogued { () throws(StorageError) in try catalog.insertFinding(finding) }
        }
    }

    /// An image that went since it was looked at leaves only its count. A row that does not verify is
    /// a failure of that image, found before it is written.
    ///
    /// - Returns: whether it came under quarantine.
    private func enter(
        _ looked: ReinspectedImage, _ row: inout OperationRow
    ) throws(ChangeFailure) -> Bool {
        row.progress.done += 1
        let seen = looked.image
        let current = try catalogued { () throws(StorageError) in
            try catalog.image(seen.image, in: seen.namespace)
        }
        guard var image = current, image.blob == seen.blob else { return false }
        var outcome = looked.outcome
        if (try? image.verify(with: keyring)) == nil { outcome = .failed(.rowDamaged) }
        switch outcome {
        case .passed(let verdict):
            guard let verdict, verdict != image.verdict else { return false }
            image.verdict = verdict
            try update(image)
        case .refused(let finding, let quarantine):
            row.progress.found += 1
            try note(image, .imageRefused, finding, row)
            guard quarantine, image.quarantinedMicroseconds == nil else { return false }
            image.quarantinedMicroseconds = microseconds
            try update(image)
            return true
        case .failed(let code):
            row.progress.failures += 1
            try note(image, code, nil, row)
        }
        return false
    }

    /// - Returns: whether it came under quarantine.
    private func enter(
        _ failed: ScrubbedImage, _ row: inout OperationRow
    ) throws(ChangeFailure) -> Bool {
        let seen = failed.image
        let current = try catalogued { () throws(StorageError) in
            try catalog.image(seen.image, in: seen.namespace)
        }
        guard var image = current, image.row == seen.row, image.blob == seen.blob else {
            return false
        }
        try note(image, failed.code, &row)
        // Beyond some, it is the disk or the keyring that has to be looked at, and not each image.
        guard failed.isDamage, row.progress.found < Limits.scrubQuarantines,
            image.quarantinedMicroseconds == nil, (try? image.verify(with: keyring)) != nil
        else { return false }
        row.progress.found += 1
        image.quarantinedMicroseconds = microseconds
        try update(image)
        return true
    }

    private func update(_ image: ImageRow) throws(ChangeFailure) {
        try catalogued { () throws(StorageError) in
            try catalog.updateImage(image.authenticated(by: keyring, at: index))
        }
    }

    private func note(
        _ image: ImageRow, _ code: ErrorCode, _ finding: Finding?, _ row: OperationRow
    ) throws(ChangeFailure) {
        try catalogued { () throws(StorageError) in
            try catalog.insertFinding(
                OperationFindingRow(
                    row: 0, operation: row.row, namespace: image.namespace, image: image.image,
                    code: code, finding: finding))
        }
    }
}
