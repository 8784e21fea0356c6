// A copy of the catalog in one file, made while the catalog is written to. The file loses its name as soon as it is
// whole, so that nothing outlives the daemon: it has wraps of what may be erased by then.

import Foundation
import GRDB
import Glibc
import Vault
import VaultFormat

final class SQLiteSnapshot: CatalogSnapshot, Sendable {
    private let copy: DatabaseQueue
    private let file: Int32
    let bytes: Int

    /// - Parameter path: where the copy lies while it is made.
    init(of pool: DatabasePool, at path: String) throws {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = unsafe Glibc.open(path, flags, 0o600)
        guard file >= 0 else { throw StorageError(errno: errno) }
        var isWhole = false
        defer {
            unsafe unlink(path)
            if !isWhole { close(file) }
        }
        var configuration = Configuration()
        configuration.label = "snapshot"
        configuration.prepareDatabase { db in
            // It is whole or it is thrown away: there is nothing to undo, and nothing to flush.
            try db.execute(sql: "PRAGMA journal_mode = OFF")
            try db.execute(sql: "PRAGMA synchronous = OFF")
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        copy = try DatabaseQueue(path: path, configuration: configuration)
        try pool.backup(to: copy, pagesPerStep: CInt(Limits.snapshotPages))
        // The header of what was copied speaks of a write-ahead log, and this file has none.
        try copy.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
        }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw StorageError(errno: errno) }
        bytes = Int(status.st_size)
        self.file = file
        isWhole = true
    }

    deinit { close(file) }

    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            // Inside the array: `filled` is below its length.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(
                    file, $0.baseAddress?.advanced(by: filled), count - filled,
                    off_t(offset + filled))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw StorageError(errno: errno) }
            guard got > 0 else { throw .damaged }
            filled += got
        }
        return bytes
    }

    func rows<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try SQLiteCatalog.mapping { try copy.read { try body(SQLiteRows(db: $0)) } }
    }

    // MARK: What a crash left

    static func path(beside catalog: String) -> String {
        "\(catalog)-snapshot-" + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Removes copies that were being made when the daemon before this one ended.
    static func removeLeft(beside catalog: String) throws {
        let start = URL(filePath: "\(catalog)-snapshot-")
        let directory = start.deletingLastPathComponent().path
        for name in try FileManager.default.contentsOfDirectory(atPath: directory)
        where name.hasPrefix(start.lastPathComponent) {
            try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
        }
    }
}
