// Erasures that are background work: all that an owner or a job claims, and what has been kept for long enough.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// Begins the erasure of every claim of an owner, of a job, or of both together, that is there now.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `overloaded` while too many are unfinished.
    package func startErasure(
        of claim: Claim, _ call: Call, at place: RequestPlace?,
        _ answer: @Sendable (OperationRow, ReceiptID) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.operationStarted, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let index = claimIndex(claim, in: call.namespace, keyring)
            let parameters: ErasureParameters
            do throws(FormatError) {
                parameters = try ErasureParameters(
                    namespace: call.namespace, owner: index.owner, job: index.job)
            } catch {
                throw VaultError(.invalidParameter)
            }
            let (count, last) = try reading { (reader) throws(StorageError) in
                (
                    try reader.referenceCount(in: call.namespace, fitting: index),
                    try reader.lastRow(of: .reference)
                )
            }
            let operation = try erasure(
                .erase, parameters.encoded, call.caller.uid, last: last, total: count)
            let receipt = ReceiptRow(
                receipt: try random(), kind: .claims, namespace: call.namespace,
                operation: operation.operation, askedMicroseconds: operation.createdMicroseconds,
                left: nil)
            let told = answer(operation, receipt.receipt)
            var event = event(.operationStarted, call)
            event.receipt = receipt.receipt
            _ = try await committer.commit(
                .startErasure(operation, receipt), event,
                keeping: place.map { KeptAnswer(place: $0, answer: told) })
            operationAlarm.ring()
            return told
        }
    }

    /// Begins the erasure of what has reached the end of its retention, of the vault's own accord.
    ///
    /// - Parameter creator: the daemon's own user.
    /// - Returns: whether there was any, and none was being erased.
    package func expireIfDue(creator: UInt32) async throws(VaultError) -> Bool {
        let keyring = try keyring()
        let now = clock.nowMicroseconds()
        let (count, last, newest) = try reading { (reader) throws(StorageError) in
            (
                try reader.expiredReferenceCount(at: now), try reader.lastRow(of: .reference),
                try reader.operations(before: .max, limit: Limits.finishedOperations)
            )
        }
        let before = newest.first {
            $0.kind == .expire && (try? $0.verify(with: keyring)) != nil
        }
        guard count > 0, before?.hinders(another: count, at: now) != true else { return false }
        let operation = try erasure(
            .expire, ExpiryParameters(throughMicroseconds: now).encoded, creator, last: last,
            total: count)
        let receipt = ReceiptRow(
            receipt: try random(), kind: .retention, namespace: nil,
            operation: operation.operation, askedMicroseconds: now, left: nil)
        var event = Event(.operationStarted, atMicroseconds: now)
        event.receipt = receipt.receipt
        _ = try await committer.commit(.startErasure(operation, receipt), event)
        operationAlarm.ring()
        return true
    }

    private func erasure(
        _ kind: OperationKind, _ parameters: [UInt8], _ creator: UInt32, last: Int64, total: Int
    ) throws(VaultError) -> OperationRow {
        let now = clock.nowMicroseconds()
        return OperationRow(
            row: 0, operation: try random(), kind: kind, parameters: parameters, creator: creator,
            createdMicroseconds: now, state: .pending,
            progress: OperationProgress(last: last, total: total), failure: nil,
            updatedMicroseconds: now, changedAt: 0, mac: RowMAC(checked: []))
    }
}

extension OperationRow {
    /// Whether another expiry would come to nothing more than this one: it is not at its end, or all that there
    /// is stayed when it looked, a short while ago.
    fileprivate func hinders(another count: Int, at microseconds: Int64) -> Bool {
        guard state.isFinal else { return true }
        guard state != .done || progress.failures >= count else { return false }
        let pause = Limits.expiryRetrySeconds * 1_000_000
        // A clock that was put back does not make it wait longer.
        return (0..<pause).contains(microseconds &- updatedMicroseconds)
    }
}
