// Where a backup goes: a directory that has the blobs of others already, or an archive on standard output.

import VaultClient
import VaultFormat

protocol BackupSink: AnyObject {
    /// Whether the blob is there, durably.
    func has(_ blob: ListedBlob) -> Bool
    /// - Returns: where the snapshot's files are to be written.
    func beginSnapshot(_ id: BackupID) throws -> SnapshotPlaces
    /// Takes away what was begun and came to nothing, also where it was whole and only its name could not be flushed.
    ///
    /// - Throws: where something of it may still be there: then the register is not told that it is gone.
    func dropSnapshot(_ id: BackupID) throws
    /// The register was told that it is gone.
    func forgotten(_ id: BackupID) throws
    /// - Throws: ``BackupFailure`` where the backups of another vault are.
    func accept(_ manifest: BackupManifest) throws
    func begin(_ blob: ListedBlob) throws
    func write(_ piece: [UInt8]) throws
    func endBlob() throws
    /// Makes the blobs so far durable.
    func flush() throws
    /// Makes all of the snapshot durable, under its name.
    func endSnapshot(_ id: BackupID) throws
}
