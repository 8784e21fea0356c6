// The files that a catalog was opened from, and whether they still lie where a start would look for them.

import Foundation
import GRDB
import Glibc
import Vault
import VaultFormat

struct OpenCatalog: Sendable {
    let path: String
    let pool: DatabasePool
    private var database: FileIdentity
    /// Whether a write failed: what SQLite should have flushed may be nowhere, and no later flush of these
    /// descriptors tells. Nothing is flushed or truncated until the files are opened anew.
    var isDoubtful = false
    /// Of SQLite's write-ahead log, once there is one.
    private var log: FileIdentity?

    init(path: String, pool: DatabasePool) throws {
        self.path = path
        self.pool = pool
        // The first reading makes the write-ahead log, where there is none.
        _ = try pool.read { db in try Int.fetchOne(db, sql: "PRAGMA schema_version") }
        guard let database = FileIdentity(path) else { throw StorageError.replaced }
        self.database = database
        log = FileIdentity(path + "-wal")
    }

    /// - Throws: ``StorageError/replaced``, or `unavailable` where the database is shorter than it was.
    mutating func requireSame() throws(StorageError) {
        let (found, foundLog) = (FileIdentity(path), FileIdentity(path + "-wal"))
        guard let found, database.isSame(as: found),
            log.map({ log in foundLog.map(log.isSame) == true }) != false
        else { throw .replaced }
        // It never shrinks: no page is ever given back to the file system.
        guard found.bytes >= database.bytes else { throw .unavailable(EIO) }
        (database, log) = (found, foundLog)
    }

    /// Whether the name of the database leads to it.
    var isThere: Bool { FileIdentity(path).map(database.isSame) == true }

    /// Looks at a database that nobody has open, as nobody must who looks at one without SQLite.
    ///
    /// - Throws: ``StorageError/damaged`` where it has fewer bytes than its header says (SQLite's file format,
    ///   §1.3.2 and §1.3.8). Opening it would write to it.
    static func requireWhole(_ path: String) throws(StorageError) {
        let file = unsafe Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw StorageError(errno: errno) }
        defer { close(file) }
        var head = [UInt8](repeating: 0, count: 32)
        guard unsafe pread(file, &head, head.count, 0) == head.count,
            let found = FileIdentity(path)
        else { throw .damaged }
        let page = Int64(head[16]) << 8 | Int64(head[17])
        let pages = head[28..<32].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        // A page of 65,536 bytes is written as 1. What a checkpoint that broke off did not bring yet is in the
        // write-ahead log; what has to be there is compared later.
        guard
            found.bytes >= pages * (page == 1 ? 65_536 : page)
                || FileIdentity(path + "-wal").map({ $0.bytes > 0 }) == true
        else { throw .damaged }
    }

    /// Lets the kernel forget what it remembers of files that nobody has open, so that they are read from the
    /// disk: after a failed flush what it remembers may be nowhere else.
    static func forget(_ path: String) {
        for name in [path, path + "-wal"] {
            let file = unsafe Glibc.open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard file >= 0 else { continue }
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
            close(file)
        }
    }
}

/// Which file a name leads to, and how long it is.
private struct FileIdentity: Sendable {
    let device: dev_t
    let number: ino_t
    let bytes: Int64

    init?(_ path: String) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        (device, number, bytes) = (facts.st_dev, facts.st_ino, Int64(facts.st_size))
    }

    func isSame(as other: FileIdentity) -> Bool {
        device == other.device && number == other.number
    }
}
