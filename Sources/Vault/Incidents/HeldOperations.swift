// Background work whose principal is contained: it stands where it is until that is over, and then goes on.

import Synchronization
import VaultFormat

/// Which principal began which operation, as the log has it.
final class OperationRequesters: Sendable {
    private let known = Mutex<[OperationID: PrincipalName?]>([:])

    /// - Parameter find: reads it in the log; nil where that cannot be read now.
    func requester(
        of operation: OperationID, orElse find: () -> PrincipalName??
    ) -> PrincipalName? {
        if let known = known.withLock({ $0[operation] }) { return known }
        guard let found = find() else { return nil }
        known.withLock { known in
            // There are few unfinished ones, and all can be read again.
            if known.count >= Limits.finishedOperations { known = [:] }
            known[operation] = found
        }
        return found
    }
}

extension Vault {
    /// Whether its principal may not change anything now. What the vault does of its own accord is nobody's.
    func isHeld(_ operation: OperationRow) -> Bool {
        let grades = containments.holding(at: clock.nowMicroseconds())
        guard !grades.gagged.isEmpty else { return false }
        let requester = requesters.requester(of: operation.operation) { begun(operation) }
        guard let requester else { return false }
        return self.grades(of: requester, under: policyInForce).contains(where: \.isGag)
    }

    /// Who began it, by the event of that, which is as old as the row.
    private func begun(_ operation: OperationRow) -> PrincipalName?? {
        let since = operation.createdMicroseconds
        var filter = EventFilter()
        filter.actions = [.operationStarted]
        filter.since = since - 1_000_000
        filter.until = since + 5_000_000
        guard let keyring = try? keyring() else { return nil }
        let rows = try? reading { [filter] (reader) throws(StorageError) in
            let size = try reader.frontier().size
            let range = try reader.indexes(since: filter.since, until: filter.until, size: size)
            return try reader.events(
                filter, from: range.lowerBound, below: range.upperBound,
                limit: Limits.pageRows)
        }
        guard let rows else { return nil }
        let started = rows.lazy.compactMap { $0.observation(keyring) }
            .first { $0.operation == operation.operation && $0.isDone }
        return .some(started?.principal)
    }
}
