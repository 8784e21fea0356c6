// What happens to an operation's row, and with it to the rows that a step of its work is about.

import VaultCrypto
package import VaultFormat

/// What one step of an operation came to. Its effects and the cursor behind it are one change: after
/// a crash nothing is done twice and nothing is left out.
package struct OperationStep: Sendable {
    /// The last row that the step dealt with.
    package let cursor: Int64
    package let images: [ReinspectedImage]

    package init(cursor: Int64, images: [ReinspectedImage]) {
        self.cursor = cursor
        self.images = images
    }
}

/// What an inspection of a stored image came to.
package struct ReinspectedImage: Sendable {
    package enum Outcome: Sendable {
        /// It would be taken today, with this verdict; nil where only a look was wanted.
        case passed(Verdict?)
        case refused(Finding, quarantine: Bool)
        /// It could not be looked at.
        case failed(ErrorCode)
    }

    package let image: ImageRow
    package let outcome: Outcome

    package init(image: ImageRow, outcome: Outcome) {
        self.image = image
        self.outcome = outcome
    }
}

/// Carries out the changes of operations inside a transaction.
struct OperationChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64

    func apply(_ change: Change) throws(ChangeFailure) -> OperationRow {
        switch change {
        case .startOperation(let operation): return try start(operation)
        case .moveOperation(let id, let state, let failure):
            return try write(try operation(id, to: state), state, failure: failure)
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
    ) throws(ChangeFailure) -> OperationRow {
        var row = try operation(id, to: .running)
        // What was dealt with before is never dealt with again.
        guard step.cursor > row.progress.cursor else {
            throw .refused(VaultError(.operationConflict))
        }
        for looked in step.images { try enter(looked, &row) }
        row.progress.cursor = step.cursor
        return try write(row, .running)
    }

    /// An image that went since it was looked at leaves only its count. A row that does not verify is
    /// a failure of that image, found before it is written.
    private func enter(
        _ looked: ReinspectedImage, _ row: inout OperationRow
    ) throws(ChangeFailure) {
        row.progress.done += 1
        let seen = looked.image
        let current = try catalogued { () throws(StorageError) in
            try catalog.image(seen.image, in: seen.namespace)
        }
        guard var image = current, image.blob == seen.blob else { return }
        var outcome = looked.outcome
        if (try? image.verify(with: keyring)) == nil { outcome = .failed(.rowDamaged) }
        switch outcome {
        case .passed(let verdict):
            guard let verdict, verdict != image.verdict else { return }
            image.verdict = verdict
            try update(image)
        case .refused(let finding, let quarantine):
            row.progress.found += 1
            try note(image, .imageRefused, finding, row)
            guard quarantine, image.quarantinedMicroseconds == nil else { return }
            image.quarantinedMicroseconds = microseconds
            try update(image)
        case .failed(let code):
            row.progress.failures += 1
            try note(image, code, nil, row)
        }
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
