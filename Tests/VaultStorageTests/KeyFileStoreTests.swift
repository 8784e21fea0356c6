// Key files on disk: replaced whole or not at all, never through links, never over another.

import Foundation
import Glibc
import Testing
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("KeyFileStore")
struct KeyFileStoreTests {
    private let directory: TestDirectory
    private var path: String { directory("keyring") }

    init() throws { directory = try TestDirectory() }

    private func file() throws -> KeyFile { try TestKeys.keyring().keys.file }

    private func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path) }
    }

    @Test("a key file is loaded as it was saved, readable by this user only")
    func roundTrip() throws {
        let saved = try file()
        try KeyFileStore.save(saved, at: path, replacing: false)
        #expect(try KeyFileStore.load(path) == saved)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try names == ["keyring"])
    }

    @Test("a key file is not saved over another unless it replaces it")
    func replacing() throws {
        let (old, new) = (try file(), try file())
        try KeyFileStore.save(old, at: path, replacing: false)
        #expect(throws: KeyFileStoreError.exists) {
            try KeyFileStore.save(new, at: path, replacing: false)
        }
        #expect(try KeyFileStore.load(path) == old)
        try KeyFileStore.save(new, at: path, replacing: true)
        #expect(try KeyFileStore.load(path) == new)
        #expect(try names == ["keyring"])
    }

    @Test("what a crash left beside the file does not hinder the next saving")
    func leftover() throws {
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + ".new"))
        let saved = try file()
        try KeyFileStore.save(saved, at: path, replacing: true)
        #expect(try KeyFileStore.load(path) == saved)
        #expect(try names == ["keyring"])
    }

    @Test("a link is not followed, for loading or for saving")
    func links() throws {
        let saved = try file()
        let victim = directory("victim")
        try Data([1]).write(to: URL(fileURLWithPath: victim))
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
        #expect(throws: KeyFileStoreError.io(ELOOP)) { try KeyFileStore.load(path) }
        #expect(throws: KeyFileStoreError.exists) {
            try KeyFileStore.save(saved, at: path, replacing: false)
        }
        try KeyFileStore.save(saved, at: path, replacing: true)
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: victim))) == [1])
        #expect(try KeyFileStore.load(path) == saved)
    }

    @Test("a key file that is missing, cut, longer or too large is named so")
    func malformed() throws {
        #expect(throws: KeyFileStoreError.missing) { try KeyFileStore.load(path) }
        let bytes = try file().encoded
        for count in [0, 7, 8, 100, bytes.count - 1] {
            try write(Array(bytes.prefix(count)))
            let error = #expect(throws: KeyFileStoreError.self) { try KeyFileStore.load(path) }
            guard case .malformed? = error else {
                Issue.record("cut to \(count): \(String(describing: error))")
                continue
            }
        }
        try write(bytes + [0])
        #expect(throws: KeyFileStoreError.malformed(.outOfRange(field: "payload"))) {
            try KeyFileStore.load(path)
        }
        try write([UInt8](repeating: 0, count: 2 << 20))
        #expect(throws: KeyFileStoreError.malformed(.outOfRange(field: "size"))) {
            try KeyFileStore.load(path)
        }
    }

    @Test("saving where there is no directory changes nothing and says why")
    func noDirectory() throws {
        let saved = try file()
        #expect(throws: KeyFileStoreError.io(ENOENT)) {
            try KeyFileStore.save(saved, at: directory("none/keyring"), replacing: true)
        }
    }

    @Test(
        "on a full disk the old key file stays whole",
        .enabled(if: SmallDisk.isPossible, Comment(rawValue: SmallDisk.reason)))
    func fullDisk() throws {
        let disk = try SmallDisk(kibibytes: 64)
        let path = disk.path + "/keyring"
        let old = try file()
        try KeyFileStore.save(old, at: path, replacing: false)
        _ = try? Data(repeating: 1, count: 60 << 10).write(
            to: URL(fileURLWithPath: disk.path + "/ballast"))
        let large = [UInt8](repeating: 1, count: 32 << 10)
        #expect(throws: KeyFileStoreError.self) {
            try KeyFileStore.write(large, at: path, mode: 0o600, replacing: true)
        }
        #expect(try KeyFileStore.load(path) == old)
        let names = try FileManager.default.contentsOfDirectory(atPath: disk.path).sorted()
        #expect(names == ["ballast", "keyring"])
    }

    @Test("a start removes what was prepared and never published, and nothing else")
    func sweep() throws {
        let whole = ["keyring", "log-key", "sealed", "catalog.sqlite", "other.new"]
        let prepared = ["keyring.new", "log-key.new", "sealed.new"]
        for name in whole + prepared {
            try Data([1]).write(to: URL(fileURLWithPath: directory(name)))
        }
        LocalKeyFiles.sweep(directory.path)
        #expect(try names.sorted() == whole.sorted())
    }
}
