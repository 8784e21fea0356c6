// How long SQLite's write-ahead log has become, as SQLite tells with each commit.

import GRDB
import GRDBSQLite
import Synchronization

/// Lives for as long as the connection that it watches.
final class LogGrowth: Sendable {
    private let told = Atomic<Int32>(0)

    /// Of the log after the last commit.
    var pages: Int32 { told.load(ordering: .relaxed) }

    /// From now on nothing is moved from this connection's log to the database but by a checkpoint that is asked for: what
    /// is told to this takes the place of SQLite's own (sqlite3_wal_hook).
    func watch(_ db: Database) {
        told.store(0, ordering: .relaxed)
        _ = unsafe sqlite3_wal_hook(
            db.sqliteConnection,
            { growth, _, _, pages in
                guard let growth = unsafe growth else { return SQLITE_OK }
                unsafe Unmanaged<LogGrowth>.fromOpaque(growth).takeUnretainedValue()
                    .told.store(pages, ordering: .relaxed)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
