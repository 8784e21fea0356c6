// What an erasure takes away, and what forbids it. Counts and epochs of what goes stand in the receipt's row,
// in the transaction that takes it.

import VaultCrypto
package import VaultFormat

/// A claim that is to be erased, as it was read.
package struct ErasedClaim: Hashable, Sendable {
    package let reference: ReferenceRow
    package let image: ImageRow
    package let receipt: ReceiptID
}

/// What became of it.
enum ClaimEnd {
    /// It went, with the blob of an image that went with it.
    case gone(BlobID?)
    /// It was not there any more.
    case absent
    /// Why not.
    case stays(ErrorCode)
}

/// Carries out the changes of erasures and holds inside a transaction.
struct ErasureChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64
    /// What the settings say: they may hold all that a namespace has.
    let retention: RetentionPolicies

    // MARK: Erasing

    func drop(
        _ id: ImageID, _ namespace: NamespaceName, _ claim: ClaimIndex, _ receipt: ReceiptID
    ) throws(ChangeFailure) -> ChangeResult {
        let found = try catalogued { () throws(StorageError) -> (ImageRow, ReferenceRow)? in
            guard let image = try catalog.image(id, in: namespace),
                let reference = try catalog.reference(of: image.row, claim: claim)
            else { return nil }
            return (image, reference)
        }
        guard let (image, reference) = found else { throw .refused(VaultError(.unknownImage)) }
        try requireErasable(reference, of: image)
        return try drop(reference, of: image, receipt)
    }

    /// A claim that was erased before, and came back with a backup: whatever would forbid it now did not then.
    func replay(
        _ id: ImageID, _ namespace: NamespaceName, _ reference: ReferenceID, _ receipt: ReceiptID
    ) throws(ChangeFailure) -> ChangeResult {
        let found = try catalogued { () throws(StorageError) -> (ImageRow, ReferenceRow)? in
            guard let image = try catalog.image(id, in: namespace),
                let reference = try catalog.reference(reference, of: image.row)
            else { return nil }
            return (image, reference)
        }
        guard let (image, reference) = found else { throw .refused(VaultError(.unknownImage)) }
        return try drop(reference, of: image, receipt)
    }

    private func drop(
        _ reference: ReferenceRow, of image: ImageRow, _ receipt: ReceiptID
    ) throws(ChangeFailure) -> ChangeResult {
        try catalogued { () throws(StorageError) in
            let remaining = try catalog.referenceCount(of: image.row) - 1
            var row = ReceiptRow(
                receipt: receipt, kind: remaining == 0 ? .image : .claim,
                namespace: image.namespace, image: image.image, askedMicroseconds: microseconds,
                left: 0)
            let erased = try take(reference, of: image, &row)
            try catalog.insertReceipt(row.authenticated(by: keyring, at: index))
            return .dropped(
                reference: reference.reference, remaining: remaining, erased: erased)
        }
    }

    /// An image in quarantine, with every claim on it.
    func erase(_ image: ImageRow, _ receipt: ReceiptID) throws(ChangeFailure) -> BlobID {
        let claims = try catalogued { () throws(StorageError) in
            try catalog.references(of: image.row)
        }
        for claim in claims {
            // Whose it is decides whether it is held.
            try refusing { () throws(VaultError) in try claim.verify(of: image, with: keyring) }
            try requireFree(image, claim.claim)
        }
        return try catalogued { () throws(StorageError) in
            var row = ReceiptRow(
                receipt: receipt, kind: .quarantine, namespace: image.namespace, image: image.image,
                askedMicroseconds: microseconds, left: 0)
            for claim in claims { _ = try take(claim, of: image, &row) }
            // Somebody without keys took its claims before.
            if claims.isEmpty {
                try catalog.deleteImage(image)
                try catalog.deleteTickets(of: image.image, in: image.namespace, claim: nil)
                row.takeImage(image, under: keyring.primaryEpoch, at: index)
            }
            try catalog.insertReceipt(row.authenticated(by: keyring, at: index))
            return image.blob
        }
    }

    /// One claim of those that an operation erases.
    func enter(
        _ claim: ErasedClaim, _ operation: OperationRow
    ) throws(ChangeFailure) -> ClaimEnd {
        let (seen, image) = (claim.reference, claim.image)
        let (current, stored, found) = try catalogued { () throws(StorageError) in
            (
                try catalog.reference(of: seen.imageRow, claim: seen.claim),
                try catalog.image(image.image, in: image.namespace),
                try catalog.receipt(of: operation.operation)
            )
        }
        guard var receipt = found else { throw .refused(VaultError(.rowDamaged)) }
        try refusing { () throws(VaultError) in try receipt.verify(with: keyring) }
        // What was claimed anew meanwhile, or is kept for longer, is not what was to be erased.
        guard let current, let stored, current.reference == seen.reference,
            operation.kind != .expire || current.retention == seen.retention
        else { return .absent }
        do throws(ChangeFailure) {
            try requireErasable(current, of: stored)
        } catch .refused(let refusal) {
            return .stays(refusal.code)
        }
        return try catalogued { () throws(StorageError) in
            let erased = try take(current, of: stored, &receipt)
            try catalog.updateReceipt(receipt.authenticated(by: keyring, at: index))
            return .gone(erased)
        }
    }

    /// What an erasing operation leaves stands in its receipt from its end on. A receipt that does not verify stays
    /// as it is: it is refused where it is read, and keeps no operation from its end.
    func close(_ operation: OperationRow) throws(ChangeFailure) {
        try catalogued { () throws(StorageError) in
            guard var receipt = try catalog.receipt(of: operation.operation),
                (try? receipt.verify(with: keyring)) != nil
            else { return }
            receipt.left = operation.leftClaims
            try catalog.updateReceipt(receipt.authenticated(by: keyring, at: index))
        }
    }

    /// Takes a claim away, and the image with its last.
    ///
    /// - Returns: the blob that no row names any more.
    private func take(
        _ reference: ReferenceRow, of image: ImageRow, _ receipt: inout ReceiptRow
    ) throws(StorageError) -> BlobID? {
        try catalog.deleteReference(reference)
        let isLast = try catalog.referenceCount(of: image.row) == 0
        if isLast { try catalog.deleteImage(image) }
        // What was given to others goes with it: nothing is left to read, and nothing to tell of it.
        try catalog.deleteTickets(
            of: image.image, in: image.namespace, claim: isLast ? nil : reference.claim)
        receipt.takeClaim(with: isLast ? image : nil, under: keyring.primaryEpoch, at: index)
        return isLast ? image.blob : nil
    }

    // MARK: What forbids it

    private func requireErasable(
        _ reference: ReferenceRow, of image: ImageRow
    ) throws(ChangeFailure) {
        try refusing { () throws(VaultError) in
            try image.verify(with: keyring)
            try reference.verify(of: image, with: keyring)
            try image.requireReadable()
        }
        try requireFree(image, reference.claim)
    }

    /// A hold that does not verify forbids as well as one that does.
    ///
    /// - Throws: `held`, or `row-damaged`.
    func requireFree(_ image: ImageRow, _ claim: ClaimIndex) throws(ChangeFailure) {
        guard !retention[image.namespace].isHeld else { throw .refused(VaultError(.held)) }
        var subjects = [HoldSubject.image(image.namespace, image.image)]
        if let owner = claim.owner { subjects.append(.owner(image.namespace, owner)) }
        if let job = claim.job { subjects.append(.job(image.namespace, job)) }
        try requireFree(subjects)
    }

    func requireFree(_ subjects: [HoldSubject]) throws(ChangeFailure) {
        let holds = try catalogued { () throws(StorageError) in try catalog.holds(on: subjects) }
        for hold in holds {
            try refusing { () throws(VaultError) in
                try hold.verify(with: keyring)
                throw VaultError(.held)
            }
        }
    }

    // MARK: Purge, holds, retention

    func apply(_ change: Change) throws(ChangeFailure) -> ChangeResult {
        switch change {
        case .purged(let purge):
            try catalogued { () throws(StorageError) in
                try catalog.setPurge(purge.authenticated(by: keyring, at: index))
            }
            return .none
        case .placeHold(let hold): return .hold(try place(hold))
        case .releaseHold(let id): return .hold(try release(id))
        case .setRetention(let image, let namespace, let retention, let extendOnly):
            return .retention(try set(retention, image, namespace, extendOnly))
        default: throw .refused(VaultError(.internalError))
        }
    }

    private func place(_ offered: HoldRow) throws(ChangeFailure) -> HoldRow {
        let (exists, isFull) = try catalogued { () throws(StorageError) in
            let exists: Bool
            switch offered.subject {
            case .image(let namespace, let id):
                exists = try catalog.image(id, in: namespace) != nil
            case .backup(let id): exists = try catalog.backup(id) != nil
            // Of somebody who has nothing yet, what comes is held.
            case .owner, .job: exists = true
            }
            return (exists, try catalog.holdCount() >= Limits.holds)
        }
        guard exists else {
            throw .refused(
                VaultError(offered.subject.kind == .backup ? .unknownBackup : .unknownImage))
        }
        guard !isFull else { throw .refused(VaultError(.overloaded)) }
        let hold = offered.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.insertHold(hold) }
        return hold
    }

    private func release(_ id: HoldID) throws(ChangeFailure) -> HoldRow {
        let found = try catalogued { () throws(StorageError) in try catalog.hold(id) }
        guard let hold = found else { throw .refused(VaultError(.unknownHold)) }
        try refusing { () throws(VaultError) in try hold.verify(with: keyring) }
        try catalogued { () throws(StorageError) in try catalog.deleteHold(id) }
        return hold
    }

    /// - Returns: how many claims have it now.
    private func set(
        _ retention: Retention, _ id: ImageID, _ namespace: NamespaceName, _ extendOnly: Bool
    ) throws(ChangeFailure) -> Int {
        let found = try catalogued { () throws(StorageError) in
            try catalog.image(id, in: namespace)
        }
        guard let image = found else { throw .refused(VaultError(.unknownImage)) }
        let claims = try catalogued { () throws(StorageError) in
            try catalog.references(of: image.row)
        }
        try refusing { () throws(VaultError) in
            try image.verify(with: keyring)
            for claim in claims {
                try claim.verify(of: image, with: keyring)
                guard !extendOnly || claim.retention <= retention else {
                    throw VaultError(.retentionLocked)
                }
            }
        }
        try catalogued { () throws(StorageError) in
            for var claim in claims {
                claim.retention = retention
                try catalog.updateRetention(claim.authenticated(of: image, by: keyring, at: index))
            }
        }
        return claims.count
    }
}

extension OperationRow {
    /// The claims that an erasing operation did not take, where it ends so. One that is done came to all that
    /// were there: what it did not meet went otherwise.
    fileprivate var leftClaims: Int {
        progress.failures + (state == .done ? 0 : max(0, progress.total - progress.done))
    }
}
