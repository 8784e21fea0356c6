// Wrapped keys where they lie: in places that never move. What is replaced or taken away is overwritten in its
// own page, so that the file has no second copy of it. Decision 0027.

import GRDB
import Vault
import VaultFormat

/// An epoch as its column keeps it, in six bytes whatever its number.
enum EpochColumn {
    /// Of a place that nobody uses.
    static let free: Int64 = 1 << 32

    static func column(_ epoch: EpochNumber) -> Int64 { free + Int64(epoch.value) }

    /// Zero for a place that nobody uses.
    static func number(_ column: Int64) throws -> UInt32 {
        // What another hand wrote may be any number, and wraps to one that is none.
        guard let number = UInt32(exactly: column &- free) else { throw StorageError.damaged }
        return number
    }

    static func epoch(_ column: Int64) throws -> EpochNumber { try EpochNumber(number(column)) }
}

extension SQLiteRows {
    /// Puts a wrap where nobody has one, or behind the last.
    func insertWrap(_ key: WrappedKey) throws(StorageError) -> Int64 {
        // The row would be of another length.
        guard key.bytes.count == WrapContext.wrappedBytes else { throw .damaged }
        let values: [any ColumnValue] = [
            EpochColumn.column(key.epoch), key.bytes,
        ]
        if let place = try freePlace() {
            // A place that somebody does use, or that is none, is not taken.
            try run(
                "UPDATE wrap SET epoch = ?, wrapped = ? WHERE id = ? AND epoch = \(EpochColumn.free)",
                Bindings(values + [place]))
            if db.changesCount == 1 { return place }
        }
        try run("INSERT INTO wrap (epoch, wrapped) VALUES (?, ?)", Bindings(values))
        return db.lastInsertedRowID
    }

    private func freePlace() throws(StorageError) -> Int64? {
        let place = try first("SELECT id FROM wrap_free LIMIT 1", []) { row throws in
            try value(row, 0) as Int64
        }
        guard let place else { return nil }
        try run("DELETE FROM wrap_free WHERE id = ?", [place])
        return place
    }

    /// Writes zeros over a wrap; one that is missing leaves no place.
    func clearWrap(_ place: Int64) throws(StorageError) {
        try run(
            """
            UPDATE wrap SET epoch = \(EpochColumn.free), wrapped = zeroblob(\(WrapContext.wrappedBytes))
            WHERE id = ?
            """, [place])
        guard db.changesCount == 1 else { return }
        try run("INSERT OR IGNORE INTO wrap_free (id) VALUES (?)", [place])
    }
}
