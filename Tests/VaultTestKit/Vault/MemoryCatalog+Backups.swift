// Registered backups, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func backup(_ id: BackupID) throws(StorageError) -> BackupRow? {
        try faults.pass("backup")
        return tables.backups.first { $0.backup == id }
    }

    func backups(after: Int64, limit: Int) throws(StorageError) -> [BackupRow] {
        try faults.pass("backups")
        return Array(tables.backups.filter { $0.row > after }.prefix(limit))
    }

    func storedBlobs(after: BlobID?, limit: Int) throws(StorageError) -> [ListedBlob] {
        try faults.pass("storedBlobs")
        let blobs = tables.images.map { image in
            ListedBlob(
                blob: image.blob, bytes: UInt64(ObjectLayout.fileBytes(of: image.storedBytes)))
        }
        let sorted = blobs.sorted { $0.blob.bytes.lexicographicallyPrecedes($1.blob.bytes) }
        let rest = sorted.drop { blob in
            after.map { !$0.bytes.lexicographicallyPrecedes(blob.blob.bytes) } ?? false
        }
        return Array(rest.prefix(limit))
    }

    func insertBackup(_ backup: BackupRow) throws(StorageError) {
        try faults.pass("insertBackup")
        guard !tables.backups.contains(where: { $0.backup == backup.backup }) else {
            throw .damaged
        }
        var backup = backup
        // The oldest may be removed, the newest never is.
        backup.row = (tables.backups.last?.row ?? 0) + 1
        tables.backups.append(backup)
    }

    func updateBackup(_ backup: BackupRow) throws(StorageError) {
        try faults.pass("updateBackup")
        guard let place = tables.backups.firstIndex(where: { $0.row == backup.row }) else {
            throw .damaged
        }
        tables.backups[place].state = backup.state
        tables.backups[place].epochs = backup.epochs
        tables.backups[place].changedAt = backup.changedAt
        tables.backups[place].mac = backup.mac
    }

    func deleteBackup(_ id: BackupID) throws(StorageError) {
        try faults.pass("deleteBackup")
        tables.backups.removeAll { $0.backup == id }
    }
}
