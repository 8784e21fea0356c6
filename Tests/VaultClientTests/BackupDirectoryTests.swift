// Who has a directory of backups, and what is made of one in which something is damaged.

import Foundation
import Testing
import VaultClient
import VaultFormat
import VaultTestKit

@testable import vaultctl

@Suite("Directories of backups")
struct BackupDirectoryTests {
    /// The backup that the vectors' manifest is of, and one that has none.
    private static let named = "55e9fa77588d9e246b7ac14543326e5e"
    private static let other = String(repeating: "ab", count: 16)

    private struct Notes: Decodable {
        struct Manifests: Decodable { let opens: [Manifest] }
        struct Manifest: Decodable { let note: String }
        let manifests: Manifests
    }

    private static func put(_ text: String, as id: String, in places: BackupPlaces) throws {
        let place = SnapshotPlaces(directory: places.snapshot(try BackupID(hex: id)))
        try FileManager.default.createDirectory(
            atPath: place.directory, withIntermediateDirectories: false)
        try Data(text.utf8).write(to: URL(fileURLWithPath: place.manifest))
    }

    /// - Returns: the path of a blob that no snapshot names.
    private static func putBlob(in places: BackupPlaces) throws -> String {
        let blob = "\(places.blobs)/00/" + String(repeating: "1", count: 30)
        try FileManager.default.createDirectory(
            atPath: "\(places.blobs)/00", withIntermediateDirectories: false)
        try Data([1]).write(to: URL(fileURLWithPath: blob))
        return blob
    }

    private static func note() throws -> String {
        let notes: Notes = try Vectors.load("backups")
        return try #require(notes.manifests.opens.first).note
    }

    @Test("any number read a directory, and nobody writes there until the last is done")
    func lock() async throws {
        try await withTemporaryDirectory { directory in
            func take(_ purpose: BackupLock.Purpose) async throws -> BackupLock {
                try await BackupLock.taking(directory, for: purpose, waits: false)
            }
            var readers = [try await take(.reading), try await take(.reading)]
            for left in [1, 0] {
                let failure = await #expect(throws: BackupFailure.self) {
                    _ = try await take(.writing)
                }
                #expect(failure?.kind == .unavailable)
                readers.removeLast()
                #expect(readers.count == left)
            }
            let writer = try await take(.writing)
            await #expect(throws: BackupFailure.self) { _ = try await take(.reading) }
            withExtendedLifetime(writer) {}
        }
    }

    @Test(
        "root reads a directory of somebody else's, and writes nothing there that its owner could not read",
        .enabled(if: geteuid() == 0, "only root may give a directory away"))
    func others() async throws {
        try await withTemporaryDirectory { directory in
            #expect(unsafe chown(directory, 65_534, 65_534) == 0)
            let reader = try await BackupLock.taking(directory, for: .reading, waits: false)
            withExtendedLifetime(reader) {}
            let failure = await #expect(throws: BackupFailure.self) {
                _ = try await BackupDirectory.making(directory)
            }
            #expect(failure?.kind == .notPermitted)
            #expect(failure?.description.contains("belongs to") == true)
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(names.isEmpty)
        }
    }

    @Test("a snapshot whose manifest does not hold stands in no other's way, and can be named")
    func damaged() async throws {
        let note = try Self.note()
        try await withTemporaryDirectory { directory in
            let place = try await BackupDirectory.making(directory)
            try Self.put(note, as: Self.named, in: place.places)
            try Self.put("x", as: Self.other, in: place.places)
            let listing = try SnapshotListing(place.places)
            let (whole, broken) = (listing.whole.map(\.id.hex), listing.damaged.map(\.id.hex))
            #expect(whole == [Self.named])
            #expect(broken == [Self.other])
            #expect(listing.newest?.hex == Self.named)
            let found = try listing.named([BackupID(hex: Self.other)])
            #expect(found.map(\.hex) == [Self.other])
            try listing.requireOwnNames(found)
        }
    }

    @Test("while nobody can say what a snapshot needs, no blob goes")
    func blobs() async throws {
        try await withTemporaryDirectory { directory in
            let place = try await BackupDirectory.making(directory)
            let blob = try Self.putBlob(in: place.places)
            try Self.put("x", as: Self.other, in: place.places)
            let held = try place.removeBlobs(butOf: SnapshotListing(place.places)).count
            #expect(held == 0)
            #expect(FileManager.default.fileExists(atPath: blob))
            try place.remove(BackupID(hex: Self.other))
            let gone = try place.removeBlobs(butOf: SnapshotListing(place.places)).count
            #expect(gone == 1)
            #expect(!FileManager.default.fileExists(atPath: blob))
        }
    }

    @Test("a list of blobs that is not the manifest's says nothing of what a snapshot needs")
    func lists() async throws {
        let note = try Self.note()
        try await withTemporaryDirectory { directory in
            let place = try await BackupDirectory.making(directory)
            let blob = try Self.putBlob(in: place.places)
            try Self.put(note, as: Self.named, in: place.places)
            // Cut to nothing it is in its form still.
            let list = SnapshotPlaces(
                directory: place.places.snapshot(try BackupID(hex: Self.named))
            ).list
            try Data().write(to: URL(fileURLWithPath: list))
            let gone = try place.removeBlobs(butOf: SnapshotListing(place.places)).count
            #expect(gone == 0)
            #expect(FileManager.default.fileExists(atPath: blob))
        }
    }

    @Test("what cannot be read is not taken for damage")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/manifest"
            #expect(try SnapshotFile.load(path, limit: 2) == nil)
            #expect(try SnapshotFile.load(directory, limit: 2) == nil)
            try Data([1, 2]).write(to: URL(fileURLWithPath: path))
            #expect(try SnapshotFile.load(path, limit: 2) == Data([1, 2]))
            #expect(try SnapshotFile.load(path, limit: 1) == nil)
            // No file system has such a name: the same answer whoever asks.
            let long = "\(directory)/" + String(repeating: "x", count: 300)
            #expect(throws: BackupFailure.self) { try SnapshotFile.load(long, limit: 2) }
        }
    }

    @Test("no snapshot is called gone that lies under another's name")
    func names() async throws {
        let note = try Self.note()
        try await withTemporaryDirectory { directory in
            let place = try await BackupDirectory.making(directory)
            try Self.put(note, as: Self.other, in: place.places)
            let listing = try SnapshotListing(place.places)
            for id in [Self.named, Self.other] {
                let id = try BackupID(hex: id)
                #expect(throws: BackupFailure.self) { try listing.requireOwnNames([id]) }
            }
        }
    }

    @Test("following goes on over what passes, and ends with what does not")
    func passing() throws {
        #expect(BackupMake.passes(BackupFailure("blobs went", .unavailable)))
        let silent = ClientError.timedOut(try SocketPath("/nowhere"))
        #expect(BackupMake.passes(silent))
        #expect(!BackupMake.passes(BackupFailure("a blob is damaged", .damaged)))
        #expect(!BackupMake.passes(CancellationError()))
    }
}
