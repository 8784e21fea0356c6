// Bounds of backups, and of what is restored from one.

extension Limits {
    /// Bytes of one record of a backup's stream: a frame of an image with its tag fits into one.
    package static let backupPieceBytes = 1 << 20
    /// Bytes that are read of a catalog or a blob at once.
    package static let backupReadBytes = 256 << 10
    /// Blobs that are asked for at once: their names fit the body of a request.
    package static let backupBlobs = 400
    /// Names of blobs that are listed from a snapshot at once.
    package static let backupListRows = 4096
    /// Snapshots that are being handed out at once: each is a copy of the catalog on the vault's disk.
    package static let snapshotsAtOnce = 2
    /// Rounds that a backup makes because blobs went while it was made.
    package static let backupRounds = 4
    /// Bytes of a manifest as it is signed.
    package static let backupManifestBytes = 256 << 10
    /// Pages of the catalog that are copied before others get a turn.
    package static let snapshotPages = 1000
    /// Seconds between two rounds of a backup that follows; fewer where nobody says.
    package static let backupFollowSeconds = 1...86_400
    package static let backupFollowSecondsUnlessSaid = 10
    /// Images that a drill opens where nobody says.
    package static let drillImagesUnlessSaid = 100
    /// Days for which a drill that went well is believed: a quarter.
    package static let drillDays = 92
    /// Erased claims whose lines are added to the list beside the anchor at once.
    package static let erasureLines = 512
    /// Seconds after which the list beside the anchor says how far it goes, though nothing was erased.
    package static let erasureListSeconds: Int64 = 60
    /// Bytes of that list that are read: some millions of claims.
    package static let erasureListBytes = 1 << 30
    /// Bytes of a snapshot's list of blobs that are read: some ten million of them.
    package static let blobListBytes = 1 << 29
}
