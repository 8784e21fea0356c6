// The rows of registered backups.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let backupColumns = """
        id, backup, created, expires, creator, state, epochs, note, changed, mac
        """

    func backup(_ id: BackupID) throws(StorageError) -> BackupRow? {
        try first(
            "SELECT \(Self.backupColumns) FROM backup WHERE backup = ?", [id.bytes]
        ) { row throws in try backupRow(row) }
    }

    func backups(after: Int64, limit: Int) throws(StorageError) -> [BackupRow] {
        try all(
            "SELECT \(Self.backupColumns) FROM backup WHERE id > ? ORDER BY id LIMIT ?",
            [after, limit]
        ) { row throws in try backupRow(row) }
    }

    func insertBackup(_ backup: BackupRow) throws(StorageError) {
        try run(
            """
            INSERT INTO backup (backup, created, expires, creator, state, epochs, note, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                backup.backup.bytes, backup.createdMicroseconds,
                backup.expiresMicroseconds ?? 0, Int64(backup.creator),
                Int64(backup.state.rawValue), backup.epochs.packed, backup.note.text,
                Int64(clamping: backup.changedAt), backup.mac.bytes,
            ])
    }

    func updateBackup(_ backup: BackupRow) throws(StorageError) {
        try run(
            "UPDATE backup SET state = ?, epochs = ?, changed = ?, mac = ? WHERE id = ?",
            [
                Int64(backup.state.rawValue), backup.epochs.packed,
                Int64(clamping: backup.changedAt), backup.mac.bytes, backup.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func storedBlobs(after: BlobID?, limit: Int) throws(StorageError) -> [ListedBlob] {
        try all(
            "SELECT blob, bytes FROM image WHERE blob > ? ORDER BY blob LIMIT ?",
            [after?.bytes ?? [], limit]
        ) { row throws in
            ListedBlob(
                blob: try BlobID(bytes: bytes(row, 0)),
                bytes: UInt64(clamping: ObjectLayout.fileBytes(of: try value(row, 1))))
        }
    }

    func deleteBackup(_ id: BackupID) throws(StorageError) {
        try run("DELETE FROM backup WHERE backup = ?", [id.bytes])
    }
}

private func backupRow(_ row: RawStatement) throws -> BackupRow {
    guard let state = BackupState(rawValue: try value(row, 5)) else { throw StorageError.damaged }
    let expires: Int64 = try value(row, 3)
    return BackupRow(
        row: try value(row, 0), backup: try BackupID(bytes: bytes(row, 1)),
        createdMicroseconds: try value(row, 2), expiresMicroseconds: expires == 0 ? nil : expires,
        creator: try value(row, 4), state: state, epochs: try [EpochNumber](packed: bytes(row, 6)),
        note: try AdminNote(value(row, 7)), changedAt: try value(row, 8),
        mac: try RowMAC(bytes: bytes(row, 9)))
}
