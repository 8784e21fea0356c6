// The register of backups: what an epoch's destruction would make unreadable. It is what somebody said:
// a copy that nobody registered is not in it.

import VaultCrypto
package import VaultFormat

/// What is said of a backup when it is registered.
package struct BackupDescription: Hashable, Sendable {
    /// From when on it is not needed any more, from now; nil for never.
    package let expiresDays: Int?
    /// Nil for every one that is not destroyed: the copy may be older than what is in use now.
    package let epochs: [EpochNumber]?
    package let note: AdminNote

    package init(expiresDays: Int?, epochs: [EpochNumber]?, note: AdminNote) {
        self.expiresDays = expiresDays
        self.epochs = epochs
        self.note = note
    }
}

/// A page of backups and where the next begins.
package struct BackupPage: Sendable {
    package let backups: [BackupRow]
    package let next: Int64?
    package let nowMicroseconds: Int64
}

extension Vault {
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `unknown-epoch`.
    package func registerBackup(
        _ description: BackupDescription, _ call: Call, at place: RequestPlace?,
        _ answer: @escaping @Sendable (BackupRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.backupRegistered, call) { () async throws(VaultError) in
            _ = try keyring()
            let now = clock.nowMicroseconds()
            let row = BackupRow(
                row: 0, backup: try random(), createdMicroseconds: now,
                expiresMicroseconds: description.expiresDays.map {
                    now + Int64($0) * 86_400_000_000
                }, creator: call.caller.uid, state: .kept,
                epochs: [], note: description.note,
                changedAt: 0, mac: RowMAC(checked: []))
            let committed = try await committer.commit(
                .registerBackup(row, epochs: description.epochs), event(.backupRegistered, call),
                keeping: place.map { place in
                    KeptAnswer(place: place) { result in
                        guard case .backup(let row) = result else { return nil }
                        return answer(row)
                    }
                })
            guard case .backup(let registered) = committed.result else {
                throw VaultError(.internalError)
            }
            return answer(registered)
        }
    }

    package func backups(
        after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> BackupPage {
        try await audited(.backupsRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.backups(after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.backupsRead, call))
            return BackupPage(
                backups: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil,
                nowMicroseconds: clock.nowMicroseconds())
        }
    }

    /// Says that a backup is not needed any more.
    ///
    /// - Throws: ``VaultError`` `unknown-backup`.
    package func expireBackup(_ id: BackupID, _ call: Call) async throws(VaultError) -> BackupRow {
        try await audited(.backupExpired, call) { () async throws(VaultError) in
            let committed = try await committer.commit(
                .expireBackup(id), event(.backupExpired, call))
            guard case .backup(let row) = committed.result else { throw VaultError(.internalError) }
            return row
        }
    }
}
