// The snapshots that lie in a directory of backups. One that is damaged stands in no other's way; and while it is there
// no blob goes, because nobody can say what it needs.

import Crypto
import Foundation
import VaultFormat

/// A snapshot in its place.
struct StoredSnapshot {
    let id: BackupID
    let places: SnapshotPlaces
    /// What its manifest says; nobody looked at the signature.
    let manifest: BackupManifest

    /// Its list of blobs, which is the one that the manifest names: one that was cut could still be read.
    ///
    /// - Throws: ``BackupFailure``: `damaged` where it is another.
    func blobs() throws -> [ListedBlob] {
        guard let data = try SnapshotFile.load(places.list, limit: Limits.blobListBytes),
            Array(SHA256.hash(data: data)) == manifest.blobList.bytes,
            let text = String(validating: data, as: UTF8.self),
            let blobs = try? ListedBlob.all(in: text),
            UInt64(blobs.count) == manifest.blobCount
        else { throw BackupFailure("\(places.list) is damaged", .damaged) }
        return blobs
    }
}

/// A snapshot whose manifest does not hold.
struct DamagedSnapshot {
    /// By the name of its directory.
    let id: BackupID
    let places: SnapshotPlaces
    /// Whose manifest lies there, where it is another's.
    let other: BackupID?
}

struct SnapshotListing {
    /// Oldest first.
    let whole: [StoredSnapshot]
    /// By name.
    let damaged: [DamagedSnapshot]

    /// - Throws: ``BackupFailure`` for a manifest that cannot be read just now: nobody knows whether it holds.
    init(_ places: BackupPlaces) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: places.snapshots)
        var (whole, damaged) = ([StoredSnapshot](), [DamagedSnapshot]())
        for id in names.compactMap({ try? BackupID(hex: $0) }) {
            let place = SnapshotPlaces(directory: places.snapshot(id))
            let manifest = try Self.manifest(at: place.manifest)
            if let manifest, manifest.backup == id {
                whole.append(StoredSnapshot(id: id, places: place, manifest: manifest))
            } else {
                damaged.append(DamagedSnapshot(id: id, places: place, other: manifest?.backup))
            }
        }
        self.whole = whole.sorted { ($0.manifest.at, $0.id.hex) < ($1.manifest.at, $1.id.hex) }
        self.damaged = damaged.sorted { $0.id.hex < $1.id.hex }
    }

    private static func manifest(at path: String) throws -> BackupManifest? {
        guard let data = try SnapshotFile.load(path, limit: Limits.backupManifestBytes),
            let text = String(validating: data, as: UTF8.self),
            let note = try? SignedNote(parsing: text)
        else { return nil }
        return try? BackupManifest(parsing: note.text)
    }

    var count: Int { whole.count + damaged.count }

    /// Where no manifest can be read, any.
    var newest: BackupID? { whole.last?.id ?? damaged.first?.id }

    /// When it was made; nil for one that is damaged.
    func made(_ id: BackupID) -> String? { whole.first { $0.id == id }?.manifest.at }

    /// Those of these names, whether they are damaged or not.
    ///
    /// - Throws: ``BackupFailure`` where one is not there.
    func named(_ ids: [BackupID]) throws -> [BackupID] {
        let wanted = Set(ids)
        let found = (whole.map(\.id) + damaged.map(\.id)).filter(wanted.contains)
        guard found.count == wanted.count else {
            throw BackupFailure("the directory has no such snapshot", .notFound)
        }
        return found
    }

    /// The register is told that these are gone: none of them may lie under another's name.
    ///
    /// - Throws: ``BackupFailure``.
    func requireOwnNames(_ ids: [BackupID]) throws {
        for one in damaged {
            guard let other = one.other, ids.contains(one.id) || ids.contains(other) else {
                continue
            }
            throw BackupFailure(
                "\(one.places.directory) has the manifest of \(other.hex): give it that name, or "
                    + "take it away by hand", .damaged)
        }
    }

    /// The blobs that they need; nil where nobody can say.
    ///
    /// - Throws: ``BackupFailure`` where a list cannot be read just now.
    func needed() throws -> Set<BlobID>? {
        guard damaged.isEmpty else { return nil }
        var needed = Set<BlobID>()
        for snapshot in whole {
            do {
                needed.formUnion(try snapshot.blobs().map(\.blob))
            } catch let failure as BackupFailure where failure.kind == .damaged {
                Output.note("vaultctl: \(failure): \(Self.advice)")
                return nil
            }
        }
        return needed
    }

    /// Names on standard error what is damaged.
    func warn() {
        for one in damaged {
            Output.note("vaultctl: \(one.places.manifest) does not hold: \(Self.advice)")
        }
    }

    private static let advice =
        "no blob goes while this snapshot is there; \"vaultctl backup forget\" takes it away"
}
