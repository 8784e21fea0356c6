// A prepared statement as SQLite itself runs it, for the two loops that go over every key: what GRDB does
// beside it costs more than the rows. Values are bound in place and copied out once.

import GRDB
import GRDBSQLite
import Vault
import VaultFormat

/// Lives no longer than the statement that it was made of, on the thread of its connection.
@safe struct RawStatement {
    // @safe: the statement that owns the memory lives as long as this.
    private let owner: Statement
    private let pointer: OpaquePointer

    init(_ statement: Statement) {
        owner = statement
        unsafe pointer = statement.sqliteStatement
    }

    func bind(_ numbers: [Int64]) {
        for (place, number) in numbers.enumerated() {
            unsafe sqlite3_bind_int64(pointer, Int32(place + 1), number)
        }
    }

    /// - Returns: whether there is a row.
    func step() throws -> Bool {
        switch unsafe sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
        }
    }

    func reset() {
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_clear_bindings(pointer)
    }

    /// Binds number, bytes, number and bytes, and runs it to its end.
    func run(_ first: Int64, _ second: [UInt8], _ third: Int64, _ fourth: [UInt8]) throws {
        // The bytes stay where they are until the bindings are cleared.
        defer { reset() }
        try unsafe second.withUnsafeBytes { second in
            try unsafe fourth.withUnsafeBytes { fourth in
                unsafe sqlite3_bind_int64(pointer, 1, first)
                unsafe sqlite3_bind_blob(
                    pointer, 2, second.baseAddress, Int32(second.count), nil)
                unsafe sqlite3_bind_int64(pointer, 3, third)
                unsafe sqlite3_bind_blob(
                    pointer, 4, fourth.baseAddress, Int32(fourth.count), nil)
                while try step() {}
            }
        }
    }

    // MARK: Columns of the row that it is at

    func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(pointer, column) == SQLITE_NULL
    }

    /// - Throws: ``StorageError/damaged`` for a value of another type; so do the others.
    func integer(_ column: Int32) throws -> Int64 {
        guard unsafe sqlite3_column_type(pointer, column) == SQLITE_INTEGER else {
            throw StorageError.damaged
        }
        return unsafe sqlite3_column_int64(pointer, column)
    }

    func epoch(_ column: Int32) throws -> EpochNumber {
        try EpochColumn.epoch(integer(column))
    }

    func bytes(_ column: Int32) throws -> [UInt8] {
        guard unsafe sqlite3_column_type(pointer, column) == SQLITE_BLOB else {
            throw StorageError.damaged
        }
        // SQLite has no address for no bytes.
        guard let start = unsafe sqlite3_column_blob(pointer, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// - Parameter last: what is given back where it is the same.
    func namespace(_ column: Int32, after last: NamespaceName?) throws -> NamespaceName {
        guard unsafe sqlite3_column_type(pointer, column) == SQLITE_TEXT,
            let start = unsafe sqlite3_column_text(pointer, column)
        else { throw StorageError.damaged }
        let count = unsafe Int(sqlite3_column_bytes(pointer, column))
        let text = unsafe UnsafeBufferPointer(start: start, count: count)
        if let last, unsafe last.bytes.elementsEqual(text) { return last }
        return try NamespaceName(unsafe String(decoding: text, as: UTF8.self))
    }
}
