// How a directory of backups lies. BackupFormat §5.

import Foundation
import VaultFormat

struct BackupPlaces {
    let root: String

    static let markerWord = "imagevault-backups/1"

    var marker: String { "\(root)/imagevault-backups" }
    var checksums: String { "\(root)/checksums" }
    var blobs: String { "\(root)/blobs" }
    var snapshots: String { "\(root)/snapshots" }

    /// What it says of whose backups these are.
    static func markerText(_ vault: VaultID) -> String { "\(markerWord)\nvault \(vault.hex)\n" }

    /// - Throws: ``BackupFailure`` for a directory without backups.
    func requireMarker() throws {
        guard FileManager.default.fileExists(atPath: marker) else {
            throw BackupFailure(
                "\(root) has no backups: \"vaultctl backup \(root)\" makes one", .notFound)
        }
    }

    /// Relative to the root.
    static func name(of blob: BlobID) -> String {
        "blobs/\(blob.hex.prefix(2))/\(blob.hex.dropFirst(2))"
    }

    func shard(of blob: BlobID) -> String { "\(blobs)/\(blob.hex.prefix(2))" }
    func blob(_ blob: BlobID) -> String { "\(root)/\(Self.name(of: blob))" }
    func snapshot(_ id: BackupID) -> String { "\(snapshots)/\(id.hex)" }

    /// While it is being made, and while it goes.
    static let unfinished = ".part"
    static let leaving = ".gone"
}

/// The files of one snapshot, in its directory.
struct SnapshotPlaces {
    let directory: String

    var catalog: String { "\(directory)/catalog.sqlite" }
    var list: String { "\(directory)/blobs" }
    var manifest: String { "\(directory)/manifest" }
    var cases: String { "\(directory)/cases" }
    func incidentCase(_ id: IncidentID) -> String { "\(cases)/\(id.hex)" }
}
