// What the storage tests share: directories that go away, mounts that are small, catalogs to
// damage.

import Foundation
import GRDB
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

/// A directory that lasts as long as the value.
final class TestDirectory: Sendable {
    let path: String

    init() throws {
        // As the kernel spells it.
        let base = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath().path
        path = base + "/vault-test-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }
}

/// A file system of its own in memory, as small as a test needs it.
final class SmallDisk: Sendable {
    let directory: TestDirectory
    var path: String { directory.path }

    /// Only root may mount; a container may take even that away.
    static let isPossible = (try? SmallDisk(kibibytes: 64)) != nil
    static let reason = "a small file system has to be mounted: run as root with CAP_SYS_ADMIN"

    init(kibibytes: Int) throws {
        directory = try TestDirectory()
        try Self.run("mount", ["-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", directory.path])
    }

    func makeReadOnly() throws {
        try Self.run("mount", ["-o", "remount,ro", path])
    }

    deinit { try? Self.run("umount", ["-l", directory.path]) }

    private static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// A catalog's file, opened by SQLite without the vault's rules.
enum RawCatalog {
    static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    static func change(_ path: String, _ body: (Database) throws -> Void) throws {
        let queue = try open(path)
        try queue.writeWithoutTransaction(body)
        try queue.close()
    }

    /// How many rows a table has.
    static func count(_ table: String, at path: String) throws -> Int {
        try open(path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    /// Takes types and obligations out of the schema, as a hand on the file can: from then on every
    /// column takes every value.
    static func loosen(_ path: String) throws {
        try change(path) { db in
            try db.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema
                        SET sql = replace(replace(replace(replace(sql, ' STRICT', ''),
                            ' IS NOT NULL', '#'), ' NOT NULL', ''), '#', ' IS NOT NULL');
                    PRAGMA writable_schema = OFF;
                    """)
        }
    }

    /// A copy of a closed catalog that the body may change.
    static func copy(
        of path: String, to copy: String, _ body: (Database) throws -> Void
    ) throws {
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try change(copy, body)
    }
}

extension VaultID {
    static let test = VaultID(checked: [UInt8](repeating: 7, count: 16))
}

/// Looks for runs of bytes in others.
struct WrapSearch {
    private let heads: [UInt64: [[UInt8]]]

    init(_ wraps: [[UInt8]]) { heads = Dictionary(grouping: wraps) { Self.head($0[...]) } }

    /// How many places hold one of them.
    func found(in bytes: [UInt8]) -> Int {
        var found = 0
        guard bytes.count >= 8 else { return 0 }
        var head: UInt64 = 0
        for place in bytes.indices {
            head = head << 8 | UInt64(bytes[place])
            guard place >= 7, let wraps = heads[head] else { continue }
            let rest = bytes[(place - 7)...]
            found += wraps.count { rest.starts(with: $0) }
        }
        return found
    }

    private static func head(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
