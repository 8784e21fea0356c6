package import VaultFormat

/// The catalog's register of backups.
package protocol BackupReader {
    func backup(_ id: BackupID) throws(StorageError) -> BackupRow?
    /// By row, after row `after`.
    func backups(after: Int64, limit: Int) throws(StorageError) -> [BackupRow]
    /// The blobs of every image, and how long their files are, by name, behind `after`.
    func storedBlobs(after: BlobID?, limit: Int) throws(StorageError) -> [ListedBlob]
}

package protocol BackupWriter: BackupReader {
    func insertBackup(_ backup: BackupRow) throws(StorageError)
    /// Puts state, epochs, last change and authenticator in the place of the row with its number.
    func updateBackup(_ backup: BackupRow) throws(StorageError)
    func deleteBackup(_ id: BackupID) throws(StorageError)
}
