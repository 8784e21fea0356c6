// Background work whose principal is contained: it stands where it is until that is over, and then goes on.

import Synchronization
import VaultCrypto
import VaultFormat

/// Which principal began which operation, as the log has it.
final class OperationRequesters: Sendable {
    private let known = Mutex<[OperationID: PrincipalName?]>([:])

    /// - Parameter find: reads it in the log.
    func requester(
        of operation: OperationID, orElse find: () throws(VaultError) -> PrincipalName?
    ) throws(VaultError) -> PrincipalName? {
        if let known = known.withLock({ $0[operation] }) { return known }
        let found = try find()
        known.withLock { known in
            // There are few unfinished ones, and all can be read again.
            if known.count >= Limits.finishedOperations { known = [:] }
            known.updateValue(found, forKey: operation)
        }
        return found
    }
}

extension Vault {
    /// Whether its principal may not change anything now. What the vault does of its own accord is nobody's.
    ///
    /// - Throws: ``VaultError`` where the log cannot say whose it is: then it does not go on either.
    func isHeld(_ operation: OperationRow) throws(VaultError) -> Bool {
        let grades = containments.holding(at: clock.nowMicroseconds())
        guard !grades.gagged.isEmpty else { return false }
        let requester = try requesters.requester(of: operation.operation) {
            () throws(VaultError) in try self.requester(of: operation)
        }
        guard let requester else { return false }
        return self.grades(of: requester, under: policyInForce).contains(where: \.isGag)
    }

    /// Who began it, by the event of that, which is as old as the row.
    private func requester(of operation: OperationRow) throws(VaultError) -> PrincipalName? {
        let since = operation.createdMicroseconds
        var filter = EventFilter()
        filter.actions = [.operationStarted]
        // Those that were refused, of which anybody may leave many, are not looked at.
        filter.outcome = .done
        filter.since = since - 1_000_000
        filter.until = since + 5_000_000
        let keyring = try keyring()
        let rows = try reading { [filter] (reader) throws(StorageError) in
            let size = try reader.frontier().size
            let range = try reader.indexes(since: filter.since, until: filter.until, size: size)
            return try reader.events(
                filter, from: range.lowerBound, below: range.upperBound,
                limit: Limits.pageRows)
        }
        let started = rows.lazy.compactMap { $0.observation(keyring) }
            .first { $0.operation == operation.operation }
        // With keys that went meanwhile no event tells anything.
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return started?.principal
    }
}
