// The catalog on SQLite: one writing connection whose commits are flushed before they return, and
// readers beside it (WAL).

import Foundation
import GRDB
import GRDBSQLite
import Glibc
import Synchronization
package import Vault
package import VaultFormat

package final class SQLiteCatalog: Catalog, Sendable {
    private let vault: VaultID
    private let files: Mutex<OpenCatalog>
    /// Everybody who uses the pool goes through it.
    private let gate = PoolGate()
    private let growth: LogGrowth
    private var pool: DatabasePool { files.withLock { $0.pool } }

    /// Makes the catalog of a new vault.
    ///
    /// - Throws: ``CatalogError/exists`` where there is one.
    package static func create(at path: String, vault: VaultID) throws -> SQLiteCatalog {
        guard !FileManager.default.fileExists(atPath: path) else { throw CatalogError.exists }
        let catalog = try SQLiteCatalog(path: path, vault: vault)
        try CatalogSchema.migrator.migrate(catalog.pool)
        try catalog.pool.write { db in
            try db.execute(
                sql: "INSERT INTO log (id, vault, size, frontier) VALUES (1, ?, 0, x'')",
                arguments: [Data(vault.bytes)])
        }
        return catalog
    }

    /// Opens the catalog of `vault`.
    ///
    /// - Throws: ``CatalogError``.
    package static func open(at path: String, vault: VaultID) throws -> SQLiteCatalog {
        guard FileManager.default.fileExists(atPath: path) else { throw CatalogError.missing }
        do {
            try SQLiteSnapshot.removeLeft(beside: path)
            let catalog = try SQLiteCatalog(path: path, vault: vault)
            try catalog.pool.read { db in try identify(db, vault) }
            // Only what has proved to be this vault's catalog is brought forward.
            try CatalogSchema.migrator.migrate(catalog.pool)
            return catalog
        } catch let error as CatalogError {
            throw error
        } catch let error as DatabaseError {
            throw CatalogError.unusable(StorageError(error))
        } catch {
            throw CatalogError.unusable(.damaged)
        }
    }

    /// - Throws: ``CatalogError`` unless the database is the catalog of `vault`.
    private static func identify(_ db: Database, _ vault: VaultID) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == CatalogSchema.applicationID
        else { throw CatalogError.unusable(.damaged) }
        let found = try Data.fetchOne(db, sql: "SELECT vault FROM log WHERE id = 1")
        guard found == Data(vault.bytes) else { throw CatalogError.anotherVault }
        // There is no way back: what a later version keeps there would be overlooked.
        guard try !CatalogSchema.migrator.hasBeenSuperseded(db) else { throw CatalogError.newer }
    }

    private init(path: String, vault: VaultID) throws {
        self.vault = vault
        let growth = LogGrowth()
        self.growth = growth
        files = Mutex(try OpenCatalog(path: path, pool: Self.pool(at: path, growth)))
    }

    private static func pool(at path: String, _ growth: LogGrowth) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.maximumReaderCount = 8
        // The one writer never waits for another; a reader may, while the log is being truncated.
        configuration.busyMode = .timeout(TimeInterval(Limits.catalogWaitSeconds))
        configuration.prepareDatabase { db in
            // Deleted wraps are overwritten in the live file; FAST would leave them on free pages.
            try db.execute(sql: "PRAGMA secure_delete = ON")
            // What a statement might have to undo is never in a file.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        // The pool sets NORMAL after preparing its writer, under which an acknowledged commit can be
        // lost with the power: set FULL after it, and believe only what is read back.
        let (synchronous, secureDelete) = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            growth.watch(db)
            return (
                try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try Int.fetchOne(db, sql: "PRAGMA secure_delete")
            )
        }
        guard synchronous == 2 else { throw CatalogError.notDurable }
        guard secureDelete == 1 else { throw CatalogError.notErasing }
        return pool
    }

    /// The writer's `PRAGMA synchronous` as SQLite tells it: 2 is FULL.
    package func synchronousLevel() throws -> Int {
        try gate.pass {
            try pool.writeWithoutTransaction { db in
                try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
            }
        }
    }

    /// How it is set, as SQLite tells, and how long its write-ahead log is.
    package func facts() throws -> DatabaseFacts {
        let logPath = files.withLock { $0.path + "-wal" }
        var log = stat()
        let logBytes = unsafe stat(logPath, &log) == 0 ? Int64(log.st_size) : 0
        return try gate.pass {
            try pool.writeWithoutTransaction { db in
                DatabaseFacts(
                    secureDelete: try Int.fetchOne(db, sql: "PRAGMA secure_delete") ?? -1,
                    synchronous: try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1,
                    journal: try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "",
                    logBytes: logBytes)
            }
        }
    }

    /// The library's version, as it says itself.
    package static var libraryVersion: VersionNumber? {
        // A text of the library's own, which lasts.
        unsafe VersionNumber(in: String(cString: sqlite3_libversion()))
    }

    /// What SQLite finds wrong with the file: nothing, or its words. Reads every page.
    package func integrityProblems() throws -> [String] {
        try gate.pass {
            try pool.read { db in
                try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
            }
        }
    }

    package func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try Self.mapping {
            try gate.pass { try pool.read { try body(SQLiteRows(db: $0)) } }
        }
    }

    package func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try Self.mapping {
            try gate.pass { try pool.unsafeRead { try body(SQLiteRows(db: $0)) } }
        }
    }

    package func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try files.withLock { files throws(StorageError) in try files.requireSame() }
        let result: R = try flushing { db throws(StorageError) in
            let result: R = try Self.transaction(in: db, body)
            checkpoint(db)
            return result
        }
        // What was written into files that lost their names meanwhile is not there at the next start.
        try files.withLock { files throws(StorageError) in try files.requireSame() }
        return result
    }

    /// Runs what flushes on the writer's connection. Where a flush failed, nothing is flushed afterwards as if that
    /// had worked, until the files are opened anew.
    private func flushing<R>(
        _ body: (Database) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try Self.mapping {
            try gate.pass {
                try pool.writeWithoutTransaction { db in
                    // Asked when it is this one's turn: the one before may have failed.
                    guard !files.withLock({ $0.isDoubtful }) else {
                        throw StorageError.unavailable(EIO)
                    }
                    do throws(StorageError) {
                        return try body(db)
                    } catch {
                        // Before it is the turn of anybody else who would flush.
                        if case .unavailable = error { files.withLock { $0.isDoubtful = true } }
                        throw error
                    }
                }
            }
        }
    }

    /// Moves a write-ahead log that has grown to the database, as SQLite would do by itself; but SQLite keeps it to
    /// itself when that fails, and flushes the same descriptors again the next time. The commit before it is
    /// durable: the one after it is told.
    private func checkpoint(_ db: Database) {
        guard growth.pages >= Limits.checkpointPages else { return }
        do {
            try db.checkpoint(.passive)
        } catch let error as DatabaseError
            where [.SQLITE_BUSY, .SQLITE_FULL].contains(error.resultCode)
        {
            // Somebody else is at it; or there is no room, which the next commit is told if it needs some.
        } catch {
            files.withLock { $0.isDoubtful = true }
        }
    }

    private static func transaction<R>(
        in db: Database, _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        var result: R?
        try mapping {
            try db.inTransaction {
                result = try body(SQLiteRows(db: db))
                return .commit
            }
        }
        guard let result else { throw .damaged }
        return result
    }

    package func reopen() throws(StorageError) {
        let old = files.withLock { $0 }
        guard old.isThere else { throw .replaced }
        // Readers end first; new ones are refused until there is a pool again.
        let wasOpen = gate.shut()
        let new: OpenCatalog = try Self.mapping {
            do {
                try old.pool.close()
            } catch {
                // Then none of its connections is.
                if wasOpen { gate.open() }
                throw error
            }
            try OpenCatalog.requireWhole(old.path)
            OpenCatalog.forget(old.path)
            // Once more: readers may have taken long to end.
            guard old.isThere else { throw StorageError.replaced }
            let pool = try Self.pool(at: old.path, growth)
            do {
                try pool.read { db in try Self.identify(db, vault) }
                return try OpenCatalog(path: old.path, pool: pool)
            } catch {
                // In this order, as at the stop: what closed by itself would flush.
                try? pool.close()
                throw error
            }
        }
        files.withLock { $0 = new }
        gate.open()
        // What was in the write-ahead log is in the database then, and flushed once more.
        guard try purge() else { throw .unavailable(EBUSY) }
    }

    /// Empties SQLite's write-ahead log, where older states of pages lie. The writer waits no longer for
    /// readers than a request would.
    package func purge() throws(StorageError) -> Bool {
        let logPath = files.withLock { $0.path + "-wal" }
        return try flushing { db throws(StorageError) in
            try Self.mapping {
                try db.execute(
                    sql: "PRAGMA busy_timeout = \(Limits.purgeWaitMilliseconds)")
                defer {
                    try? db.execute(
                        sql: "PRAGMA busy_timeout = \(Limits.catalogWaitSeconds * 1000)")
                }
                do {
                    try db.checkpoint(.truncate)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                    return false
                }
                // Believed only when it is seen: nobody writes meanwhile.
                var status = stat()
                guard unsafe stat(logPath, &status) == 0 else { return errno == ENOENT }
                return status.st_size == 0
            }
        }
    }

    package func snapshot() throws(StorageError) -> any CatalogSnapshot {
        let path = files.withLock { $0.path }
        return try Self.mapping {
            try gate.pass {
                try SQLiteSnapshot(of: pool, at: SQLiteSnapshot.path(beside: path))
            }
        }
    }

    /// Leaves all of the catalog in its one file. The pool's last connections can only read, so that
    /// they would leave what was committed last in the log beside it. After a write that failed they do: what the
    /// disk has is read by the next start.
    ///
    /// - Throws: where it is not all in the one file.
    package func close() throws {
        guard gate.shut() else { return }
        let (pool, isDoubtful) = files.withLock { ($0.pool, $0.isDoubtful) }
        let checkpointed = Result {
            guard !isDoubtful else { throw StorageError.unavailable(EIO) }
            try pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
        }
        // Also after one that failed: what closed by itself could end with the writer, and SQLite would flush again.
        try pool.close()
        try checkpointed.get()
    }

    static func mapping<R>(_ body: () throws -> R) throws(StorageError) -> R {
        do {
            return try body()
        } catch let error as StorageError {
            throw error
        } catch let error as DatabaseError {
            throw StorageError(error)
        } catch {
            throw .damaged
        }
    }
}

/// Why there is no catalog to work with.
package enum CatalogError: Error, Hashable, Sendable {
    case exists
    case missing
    /// A later version has brought it forward.
    case newer
    /// It belongs to another vault's keyring.
    case anotherVault
    /// SQLite does not flush its commits here.
    case notDurable
    /// SQLite does not overwrite here what it deletes.
    case notErasing
    case unusable(StorageError)
}

extension StorageError {
    init(_ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_FULL: self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_ERROR:
            self = .damaged
        default: self = .unavailable(error.extendedResultCode.rawValue)
        }
    }
}
