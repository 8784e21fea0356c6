// Blobs as files: the rules of every blob store, and what only a file system can do to them.

import Foundation
import Glibc
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("LocalBlobStore")
struct LocalBlobStoreTests {
    private let directory: TestDirectory
    private let store: LocalBlobStore
    private let blob = BlobID(checked: [0xAB] + [UInt8](repeating: 0xCD, count: 15))

    init() throws {
        directory = try TestDirectory()
        store = try LocalBlobStore(directory: directory.path)
    }

    /// The file of ``blob``: its first byte names the directory, the rest the file.
    private var file: String { directory("ab/" + String(repeating: "cd", count: 15)) }

    private func write(_ bytes: [UInt8]) throws {
        let writer = try store.create(blob, bytes: bytes.count)
        try unsafe bytes.withUnsafeBytes { try unsafe writer.append($0) }
        try writer.commit()
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("blobs as files keep every rule", arguments: BlobStoreConformance.rules)
    func conformance(rule: BlobStoreConformance.Rule) throws { try rule.check(store) }

    @Test("a blob is one file under its own name, for this user only")
    func layout() throws {
        try write([1, 2, 3])
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: file))) == [1, 2, 3])
        #expect(try mode(file) == 0o600)
        #expect(try mode(directory("ab")) == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory("ab")).count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 256)
    }

    @Test("a store that is opened again has its blobs")
    func again() throws {
        try write([5])
        let again = try LocalBlobStore(directory: directory.path)
        #expect(Array(try again.open(blob).read(at: 0, count: 1)) == [5])
    }

    @Test("what lies in memory is read without waiting, what does not is left to who may wait")
    func cached() throws {
        try write([UInt8](repeating: 7, count: 100_000))
        let reader = try store.open(blob)
        #expect(try reader.readCached(at: 0, count: 100_000)?.count == 100_000)
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(fsync(descriptor) == 0)
        #expect(posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0)
        // A file system in memory keeps its pages all the same; the kernel says which it did. It may bring a page or
        // drop it at any moment: judged is what was so before and after.
        let before = try isInMemory(file, at: 50_000)
        let wasRead = try reader.readCached(at: 50_000, count: 1) != nil
        let after = try isInMemory(file, at: 50_000)
        if before == after { #expect(wasRead == before) }
        #expect(try Array(reader.read(at: 50_000, count: 2)) == [7, 7])
        #expect(try reader.readCached(at: 50_000, count: 1) != nil)
    }

    /// Whether the page with that byte of a file is in memory; asking brings none there.
    private func isInMemory(_ path: String, at offset: Int) throws -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let start = off_t(offset / page * page)
        let map = unsafe mmap(nil, page, PROT_READ, MAP_SHARED, descriptor, start)
        defer { unsafe munmap(map, page) }
        var state: UInt8 = 0
        let asked = unsafe mincore(map, page, &state)
        try #require(asked == 0)
        return state & 1 == 1
    }

    @Test("a link under a blob's name is not followed, for reading or for writing")
    func link() throws {
        let victim = directory("victim")
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: victim))
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: victim)
        #expect(throws: StorageError.unavailable(ELOOP)) { try store.open(blob) }
        #expect(throws: StorageError.unavailable(EEXIST)) { try store.create(blob, bytes: 1) }
        // Removing takes the link, not what it leads to.
        try store.remove(blob)
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: victim))) == [1, 2, 3])
    }

    @Test("a dangling link under a blob's name creates nothing where it leads")
    func danglingLink() throws {
        try FileManager.default.createSymbolicLink(
            atPath: file, withDestinationPath: directory("nothing"))
        #expect(throws: StorageError.unavailable(EEXIST)) { try store.create(blob, bytes: 1) }
        #expect(!FileManager.default.fileExists(atPath: directory("nothing")))
    }

    @Test("a link in the place of a directory is refused when the store is opened")
    func linkedDirectories() throws {
        let root = try TestDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: root("link"), withDestinationPath: directory.path)
        #expect(throws: StorageError.unavailable(ENOTDIR)) {
            try LocalBlobStore(directory: root("link"))
        }
        try FileManager.default.createSymbolicLink(
            atPath: root("00"), withDestinationPath: directory("00"))
        #expect(throws: StorageError.unavailable(ENOTDIR)) {
            try LocalBlobStore(directory: root.path)
        }
    }

    @Test("a store whose directory is missing is not made")
    func missingDirectory() {
        #expect(throws: StorageError.missing) { try LocalBlobStore(directory: directory("none")) }
    }

    @Test("what is no file under a blob's name is damage, and opening it waits for nobody")
    func noFile() throws {
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
        #expect(throws: StorageError.damaged) { try store.open(blob) }
        try FileManager.default.removeItem(atPath: file)
        #expect(unsafe mkfifo(file, 0o600) == 0)
        #expect(throws: StorageError.damaged) { try store.open(blob) }
    }

    @Test("a file cut short under an open reader is damage, in every range that it lacks")
    func truncated() throws {
        try write([UInt8](repeating: 1, count: 100))
        let reader = try store.open(blob)
        #expect(unsafe Glibc.truncate(file, 50) == 0)
        #expect(reader.bytes == 100)
        #expect(throws: StorageError.damaged) { try reader.read(at: 0, count: 100) }
        #expect(throws: StorageError.damaged) { try reader.read(at: 50, count: 1) }
        #expect(try reader.read(at: 0, count: 50).count == 50)
    }

    @Test("files with other names are left alone")
    func strangers() throws {
        for name in ["ab/x", "ab/" + String(repeating: "CD", count: 15), "ab/.hidden", "notes"] {
            try Data().write(to: URL(fileURLWithPath: directory(name)))
        }
        var told = 0
        try store.forEachBlob { _ in told += 1 }
        #expect(told == 0)
    }

    @Test("descriptors are given back")
    func descriptors() throws {
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/" + name)
                return target?.hasPrefix(directory.path) == true
            }.count
        }
        try write([1])
        // Its 256 directories are the store's for as long as it lives.
        let before = try open()
        #expect(before == 256)
        for _ in 0..<50 {
            _ = try store.open(blob).read(at: 0, count: 1)
            try? write([1])
            try store.forEachBlob { _ in }
            _ = try? store.open(blob).read(at: 0, count: 2)
        }
        #expect(try open() == before)
    }
}
