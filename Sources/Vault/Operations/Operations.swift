// What can be asked of background work: to begin, to tell, to stop for a while, to go on, to end.

import ImageInspection
import VaultCrypto
package import VaultFormat

/// A page of findings and where the next begins.
package struct FindingPage: Sendable {
    package let findings: [OperationFindingRow]
    package let next: Int64?
}

/// A page of operations, newest first, and where the next begins.
package struct OperationPage: Sendable {
    package let operations: [OperationRow]
    package let next: Int64?
}

extension Vault {
    /// Begins a re-inspection of the images that are stored now.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `operation-conflict` while another one is unfinished.
    package func startReinspection(
        _ parameters: ReinspectionParameters, _ call: Call, at place: RequestPlace?,
        _ answer: @Sendable (OperationRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.operationStarted, call) { () async throws(VaultError) in
            _ = try keyring()
            let images = try reading { (reader) throws(StorageError) in
                try reader.imageCount(below: parameters.below)
            }
            let now = clock.nowMicroseconds()
            let operation = OperationRow(
                row: 0, operation: try random(), kind: .reinspect, parameters: parameters.encoded,
                creator: call.caller.uid, createdMicroseconds: now, state: .pending,
                progress: OperationProgress(last: images.last, total: images.count), failure: nil,
                updatedMicroseconds: now, changedAt: 0, mac: RowMAC(checked: []))
            let told = answer(operation)
            _ = try await committer.commit(
                .startOperation(operation), event(.operationStarted, call),
                keeping: place.map { KeptAnswer(place: $0, answer: told) })
            operationAlarm.ring()
            return told
        }
    }

    /// A new identifier.
    func random<ID: FixedBytes>() throws(VaultError) -> ID {
        do throws(CryptoError) {
            return try Random.id()
        } catch {
            throw VaultError(error.code(orElse: .internalError))
        }
    }

    /// The operation, once it has come to its end or `seconds` have passed.
    ///
    /// - Throws: ``VaultError`` `unknown-operation`.
    package func operation(
        _ id: OperationID, waiting seconds: Int = 0, _ call: Call
    ) async throws(VaultError) -> OperationRow {
        try await audited(.operationRead, call) { () async throws(VaultError) in
            let end = clock.monotonicMicroseconds() + Int64(seconds) * 1_000_000
            var operation = try verified(id)
            while !operation.state.isFinal, clock.monotonicMicroseconds() < end {
                try? await Task.sleep(for: .milliseconds(Limits.operationPollMilliseconds))
                if Task.isCancelled { throw VaultError(.deadlineExceeded) }
                operation = try verified(id)
            }
            var event = event(.operationRead, call)
            event.operation = id
            _ = try await committer.commit(.none, event)
            return operation
        }
    }

    func verified(_ id: OperationID) throws(VaultError) -> OperationRow {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in try reader.operation(id) }
        guard let found else { throw VaultError(.unknownOperation) }
        try found.verify(with: keyring)
        return found
    }

    /// - Parameter before: the row that the page before ended with; nil for the first.
    package func operations(
        before: Int64?, limit: Int, _ call: Call
    ) async throws(VaultError) -> OperationPage {
        try await audited(.operationRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.operations(before: before ?? .max, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.operationRead, call))
            return OperationPage(
                operations: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    /// What an operation found so far, in the order in which it was found.
    package func findings(
        of id: OperationID, after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> FindingPage {
        try await audited(.operationRead, call) { () async throws(VaultError) in
            let operation = try verified(id)
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.findings(of: operation.row, after: after, limit: limit + 1)
            }
            var event = event(.operationRead, call)
            event.operation = id
            _ = try await committer.commit(.none, event)
            return FindingPage(
                findings: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    /// Pauses, resumes or cancels an operation.
    ///
    /// - Throws: ``VaultError`` `operation-conflict` where it cannot come into that state.
    package func move(
        _ id: OperationID, _ steering: Steering, _ call: Call
    ) async throws(VaultError) -> OperationRow {
        try await audited(steering.action, call) { () async throws(VaultError) in
            var event = event(steering.action, call)
            event.operation = id
            let committed = try await committer.commit(
                .moveOperation(id, to: steering.state, failure: nil), event)
            operationAlarm.ring()
            scrubAlarm.ring()
            guard case .operation(let operation) = committed.result else {
                throw VaultError(.internalError)
            }
            return operation
        }
    }
}

/// What an admin may do with an operation that is not at its end.
package enum Steering: Sendable, CaseIterable {
    case pause, resume, cancel

    var state: OperationState {
        switch self {
        case .pause: .paused
        case .resume: .pending
        case .cancel: .cancelled
        }
    }

    package var action: EventAction {
        switch self {
        case .pause: .operationPaused
        case .resume: .operationResumed
        case .cancel: .operationCancelled
        }
    }
}
