// What happens to the register of backups, and to it when an epoch's key goes.

import VaultCrypto
import VaultFormat

/// Carries out the changes of backups and of epochs' destruction inside a transaction.
struct EpochChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64

    /// - Parameter epochs: what it needs; nil for every epoch that opens anything. A copy is made before it
    ///   is registered: what is in use by then says nothing of what was.
    func register(
        _ offered: BackupRow, _ epochs: [EpochNumber]?
    ) throws(ChangeFailure) -> ChangeResult {
        var row = offered
        row.epochs = epochs ?? epochsLeft
        // What needs a key that is gone cannot be kept.
        guard row.epochs.allSatisfy(keyring.opens) else {
            throw .refused(VaultError(.unknownEpoch))
        }
        try makeRoom()
        let made = row.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.insertBackup(made) }
        return .backup(made)
    }

    private var epochsLeft: [EpochNumber] {
        keyring.epochs.filter { !$0.isDestroyed }.compactMap { try? EpochNumber($0.number) }
    }

    /// - Parameter epochs: what it opens, also such as are destroyed in the live keyring; nil for every one that
    ///   is left.
    func register(
        _ offered: EscrowRow, _ epochs: [EpochNumber]?
    ) throws(ChangeFailure) -> ChangeResult {
        var row = offered
        row.epochs = epochs ?? epochsLeft
        guard row.epochs.allSatisfy({ keyring.state(of: $0) != nil }) else {
            throw .refused(VaultError(.unknownEpoch))
        }
        let isFull = try catalogued { () throws(StorageError) in
            try catalog.escrows(after: 0, limit: Limits.escrows).count == Limits.escrows
        }
        guard !isFull else { throw .refused(VaultError(.overloaded)) }
        let made = row.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.insertEscrow(made) }
        return .escrow(made)
    }

    /// What is attested once stays as it was said.
    func attest(
        _ id: EscrowID, _ attestation: EscrowRow.Attestation
    ) throws(ChangeFailure) -> ChangeResult {
        let found = try catalogued { () throws(StorageError) in try catalog.escrow(id) }
        var row = try require(found, .unknownEscrow)
        try refusing { () throws(VaultError) in try row.verify(with: keyring) }
        guard row.destroyed == nil else { return .escrow(row) }
        row.destroyed = attestation
        let changed = row.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.updateEscrow(changed) }
        return .escrow(changed)
    }

    /// A full register loses the oldest that forbids nothing any more. One that does not verify forbids.
    private func makeRoom() throws(ChangeFailure) {
        let rows = try catalogued { () throws(StorageError) in
            try catalog.backups(after: 0, limit: Limits.backups)
        }
        guard rows.count == Limits.backups else { return }
        let spare = rows.first { row in
            !row.isWanted(at: microseconds) && (try? row.verify(with: keyring)) != nil
        }
        guard let spare else { throw .refused(VaultError(.overloaded)) }
        try catalogued { () throws(StorageError) in try catalog.deleteBackup(spare.backup) }
    }

    /// From its manifest on, a backup needs what the copied catalog has wraps under, and nothing else.
    func describe(
        _ id: BackupID, _ epochs: [EpochNumber]
    ) throws(ChangeFailure) -> ChangeResult {
        var row = try backup(id)
        guard row.state == .making, epochs.allSatisfy(keyring.opens) else {
            throw .refused(VaultError(.unknownBackup))
        }
        row.epochs = epochs
        return .backup(try write(row, .making))
    }

    /// It is where it belongs. What is told twice stays as it was told first.
    func complete(_ id: BackupID) throws(ChangeFailure) -> ChangeResult {
        let row = try backup(id)
        guard row.state.isKept else { throw .refused(VaultError(.unknownBackup)) }
        return .backup(row.state == .kept ? row : try write(row, .kept))
    }

    /// One that is not kept any more stays as it is.
    func expire(_ id: BackupID) throws(ChangeFailure) -> ChangeResult {
        let row = try backup(id)
        guard row.state.isKept else { return .backup(row) }
        try requireFree([id])
        return .backup(try write(row, .expired))
    }

    /// Everything that forbids it is looked at in the transaction that has its event.
    func requireDestroyable(_ destruction: EpochDestruction) throws(ChangeFailure) {
        let epoch = destruction.epoch
        try refusing { () throws(VaultError) in try keyring.requireDestroyable(epoch) }
        let (census, operations, backups) = try catalogued { () throws(StorageError) in
            (
                try catalog.census(),
                try catalog.unfinishedOperations(limit: Limits.finishedOperations),
                try catalog.backups(after: 0, limit: Limits.backups)
            )
        }
        guard census[epoch.value] ?? 0 == 0 else { throw .refused(VaultError(.epochInUse)) }
        // As where one is started: one that does not verify is never worked on.
        let isWalked = operations.contains { operation in
            operation.kind.walksKeys && (try? operation.verify(with: keyring)) != nil
        }
        guard !isWalked else {
            throw .refused(VaultError(.operationConflict))
        }
        for id in destruction.stranded {
            try require(backups.first { $0.backup == id }, .unknownBackup)
        }
        try requireFree(destruction.stranded)
        for row in backups {
            try refusing { () throws(VaultError) in try row.verify(with: keyring) }
            guard row.needs(epoch, at: microseconds) else { continue }
            guard destruction.stranded.contains(row.backup) else {
                throw .refused(VaultError(.backupStranded))
            }
        }
    }

    /// What is held is not given up.
    private func requireFree(_ backups: [BackupID]) throws(ChangeFailure) {
        try ErasureChange(
            catalog: catalog, keyring: keyring, index: index, microseconds: microseconds,
            retention: RetentionPolicies()
        ).requireFree(backups.map { .backup($0) })
    }

    func destroy(_ destruction: EpochDestruction) throws(ChangeFailure) {
        try requireDestroyable(destruction)
        for id in destruction.stranded {
            let row = try backup(id)
            if row.state.isKept { _ = try write(row, .stranded) }
        }
    }

    private func backup(_ id: BackupID) throws(ChangeFailure) -> BackupRow {
        let found = try catalogued { () throws(StorageError) in try catalog.backup(id) }
        let row = try require(found, .unknownBackup)
        try refusing { () throws(VaultError) in try row.verify(with: keyring) }
        return row
    }

    private func write(
        _ row: BackupRow, _ state: BackupState
    ) throws(ChangeFailure) -> BackupRow {
        var row = row
        row.state = state
        row = row.authenticated(by: keyring, at: index)
        let changed = row
        try catalogued { () throws(StorageError) in try catalog.updateBackup(changed) }
        return changed
    }

    @discardableResult
    private func require<Value>(_ value: Value?, _ code: ErrorCode) throws(ChangeFailure) -> Value {
        guard let value else { throw .refused(VaultError(code)) }
        return value
    }
}
