// Disks that are full or read-only, really: small file systems in memory, which only root may
// mount.

import Foundation
import Glibc
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite(
    "Full and read-only disks",
    .enabled(if: SmallDisk.isPossible, Comment(rawValue: SmallDisk.reason)))
struct FullDiskTests {
    /// Takes room away, so that a test can give it back.
    private func fill(_ path: String, leaving kibibytes: Int) throws {
        var space = statvfs()
        #expect(unsafe statvfs(path, &space) == 0)
        let free = Int(space.f_bavail) * Int(space.f_frsize) - kibibytes << 10
        try Data(repeating: 1, count: free).write(to: URL(fileURLWithPath: path + "/ballast"))
    }

    private func empty(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path + "/ballast")
    }

    @Test("a blob that finds no room is told so, and can be removed")
    func fullBlobs() throws {
        let disk = try SmallDisk(kibibytes: 256)
        let store = try LocalBlobStore(directory: disk.path)
        let blob = BlobID(checked: [UInt8](repeating: 1, count: 16))
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        let writer = try store.create(blob, bytes: bytes.count)
        #expect(throws: StorageError.full) {
            try unsafe bytes.withUnsafeBytes { try unsafe writer.append($0) }
        }
        try store.remove(blob)
        #expect(throws: StorageError.missing) { try store.open(blob) }
    }

    @Test("on a read-only disk blobs are read, and nothing is made or removed")
    func readOnlyBlobs() throws {
        let disk = try SmallDisk(kibibytes: 256)
        let store = try LocalBlobStore(directory: disk.path)
        let blob = BlobID(checked: [UInt8](repeating: 1, count: 16))
        try unsafe store.create(blob, bytes: 1).append(UnsafeRawBufferPointer(start: nil, count: 0))
        try disk.makeReadOnly()
        let other = BlobID(checked: [UInt8](repeating: 2, count: 16))
        #expect(throws: StorageError.unavailable(EROFS)) { try store.create(other, bytes: 1) }
        #expect(throws: StorageError.unavailable(EROFS)) { try store.remove(blob) }
        #expect(try store.open(blob).bytes == 0)
    }

    @Test("a catalog that finds no room loses nothing, and goes on when there is room")
    func fullCatalog() throws {
        let disk = try SmallDisk(kibibytes: 2048)
        let catalog = try SQLiteCatalog.create(at: disk.path + "/catalog.sqlite", vault: .test)
        var rows = TestRows()
        try fill(disk.path, leaving: 300)
        var written: UInt64 = 0
        var failure: StorageError?
        while failure == nil, written < 10_000 {
            do {
                try catalog.transact { try $0.append(rows.event(written)) }
                written += 1
            } catch let error as StorageError {
                failure = error
            }
        }
        #expect(failure == .full)
        #expect(try catalog.events().count == Int(written))
        try empty(disk.path)
        try catalog.transact { try $0.append(rows.event(written)) }
        #expect(try catalog.events().count == Int(written) + 1)
        #expect(try catalog.integrityProblems() == [])
        try catalog.close()
    }

    @Test("a catalog on a read-only disk is unavailable for writing")
    func readOnlyCatalog() throws {
        let disk = try SmallDisk(kibibytes: 2048)
        let catalog = try SQLiteCatalog.create(at: disk.path + "/catalog.sqlite", vault: .test)
        var rows = TestRows()
        try catalog.transact { try $0.append(rows.event(0)) }
        // A mount with files open for writing does not become read-only.
        try catalog.close()
        try disk.makeReadOnly()
        #expect(throws: CatalogError.self) {
            let opened = try SQLiteCatalog.open(at: disk.path + "/catalog.sqlite", vault: .test)
            try opened.transact { try $0.append(rows.event(1)) }
        }
    }

    @Test("a vault whose disk is full says so, loses nothing, and goes on when there is room")
    func fullVault() async throws {
        let disk = try SmallDisk(kibibytes: 8192)
        let catalog = try SQLiteCatalog.create(at: disk.path + "/catalog.sqlite", vault: .test)
        try FileManager.default.createDirectory(
            atPath: disk.path + "/blobs", withIntermediateDirectories: false)
        let blobs = try LocalBlobStore(directory: disk.path + "/blobs")
        let test = try TestVault(catalog: catalog, blobs: blobs)
        defer { test.stop() }
        _ = try await test.put(TestImages.small)
        try fill(disk.path, leaving: 400)
        var stored: [ImageID: [UInt8]] = [:]
        var codes: Set<ErrorCode> = []
        for seed in 0..<200 where codes.count < 20 {
            var picture = TestPNG()
            (picture.width, picture.height, picture.seed) = (100, 60, UInt64(seed))
            let bytes = picture.bytes
            do {
                stored[try await test.put(bytes).image.image] = bytes
            } catch let error as VaultError {
                codes.insert(error.code)
                if codes.contains(.storageFull), seed > 60 { break }
            }
        }
        #expect(codes == [.storageFull])
        #expect(!test.vault.committer.isBroken)
        try empty(disk.path)
        for (id, bytes) in stored { #expect(try await test.get(id) == bytes) }
        _ = try await test.put(TestImages.jpeg, name: "a.jpg")
        try CatalogState(catalog).check()
        _ = try test.vault.sweep()
        var names = 0
        try blobs.forEachBlob { _ in names += 1 }
        #expect(try names == catalog.totals().images)
    }
}
