// A backup that the vault takes part in: it registers it, hands out a snapshot of the catalog and the blobs that are
// asked for, and is told when all of it is durable elsewhere. All that leaves is sealed; the keyring does not leave
// with it.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// Begins a backup. It needs every epoch until its manifest says which.
    ///
    /// - Parameter expiresDays: from when on it is not needed any more, from now; nil for never.
    /// - Throws: ``VaultError`` `sealed` or `log-key-sealed`; `overloaded` while too many are being handed out, or the
    ///   register is full; `storage-full` where there is no room for a copy of the catalog.
    package func beginBackup(
        expiresDays: Int?, note: AdminNote, _ call: Call
    ) async throws(VaultError) -> SnapshotExport {
        try await audited(.backupBegun, call) { () async throws(VaultError) in
            _ = try keyring()
            guard logSigner != nil else { throw VaultError(.logKeySealed) }
            guard let turn = snapshotTurns.take() else { throw VaultError(.overloaded) }
            let now = clock.nowMicroseconds()
            let row = BackupRow(
                row: 0, backup: try random(), createdMicroseconds: now,
                expiresMicroseconds: expiresDays.map { now + Int64($0) * 86_400_000_000 },
                creator: call.caller.uid, state: .making, epochs: [], note: note, changedAt: 0,
                mac: RowMAC(checked: []))
            // In this order: no epoch that the copy needs can go once this is in the register.
            _ = try await committer.commit(
                .registerBackup(row, epochs: nil), event(.backupBegun, call))
            do throws(StorageError) {
                let snapshot = try catalog.snapshot()
                var described = event(.backupDescribed, call)
                described.backup = row.backup
                return SnapshotExport(
                    backup: row.backup, described: described, snapshot: snapshot, turn: turn,
                    keyring: try keyFiles.load(.keyring), atMicroseconds: now)
            } catch {
                // What came to nothing keeps no epoch.
                _ = try? await committer.commit(
                    .expireBackup(row.backup), event(.backupExpired, call))
                throw VaultError(error.code(for: .catalog))
            }
        }
    }

    /// Hands out blobs for a backup that is being made, or is there.
    ///
    /// - Parameter ids: up to ``VaultFormat/Limits/backupBlobs``.
    /// - Throws: ``VaultError`` `unknown-backup`.
    package func copies(
        of ids: [BlobID], for backup: BackupID, _ call: Call
    ) async throws(VaultError) -> BlobCopies {
        try await audited(.backupCopied, call) { () async throws(VaultError) in
            let row = try reading { (reader) throws(StorageError) in try reader.backup(backup) }
            guard let row else { throw VaultError(.unknownBackup) }
            try row.verify(with: keyring())
            guard row.isWanted(at: clock.nowMicroseconds()) else {
                throw VaultError(.unknownBackup)
            }
            var event = event(.backupCopied, call)
            event.backup = backup
            event.count = ids.count
            _ = try await committer.commit(.none, event)
            return BlobCopies(ids)
        }
    }

    /// Takes somebody's word that all of a backup is durable where it belongs.
    ///
    /// - Throws: ``VaultError`` `unknown-backup`, also for one that is not being made.
    package func completeBackup(
        _ id: BackupID, _ call: Call
    ) async throws(VaultError) -> BackupRow {
        try await audited(.backupCompleted, call) { () async throws(VaultError) in
            let committed = try await committer.commit(
                .completeBackup(id), event(.backupCompleted, call))
            guard case .backup(let row) = committed.result else { throw VaultError(.internalError) }
            return row
        }
    }
}

/// The sealed key files as they lie in the vault, and the register's row for them.
package struct EscrowCopy: Sendable {
    package let escrow: EscrowRow
    package let keyring: [UInt8]
    package let logKey: [UInt8]
}

extension Vault {
    /// Hands out a copy of the sealed keyring and of the log's sealed key, which is registered first.
    ///
    /// - Throws: ``VaultError`` `overloaded` while slots are changed, or when the register is full.
    package func exportEscrow(
        note: AdminNote, _ call: Call
    ) async throws(VaultError) -> EscrowCopy {
        try await audited(.escrowExported, call) { () async throws(VaultError) in
            _ = try keyring()
            // The file and what is said of it belong together: nobody changes it meanwhile.
            guard keyAttempt.begin() else { throw VaultError(.overloaded) }
            defer { keyAttempt.end() }
            let files: (KeyFile, KeyFile)
            do throws(StorageError) {
                files = (try keyFiles.load(.keyring), try keyFiles.load(.logKey))
            } catch {
                throw VaultError(error.code(for: .keyring))
            }
            var event = event(.escrowExported, call)
            event.generation = files.0.generation
            let row = EscrowRow(
                escrow: try random(), createdMicroseconds: clock.nowMicroseconds(),
                creator: call.caller.uid, epochs: [], note: note)
            let committed = try await committer.commit(.registerEscrow(row, epochs: nil), event)
            guard case .escrow(let registered) = committed.result else {
                throw VaultError(.internalError)
            }
            return EscrowCopy(
                escrow: registered, keyring: files.0.encoded, logKey: files.1.encoded)
        }
    }
}
