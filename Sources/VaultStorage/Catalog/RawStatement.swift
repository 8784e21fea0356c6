// A prepared statement as SQLite itself runs it: what GRDB does beside it to bind values and to hand out columns
// costs more than most rows. GRDB keeps the connections, the statements and the schema's steps.

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

    /// Binds a value to each parameter; SQLite has copies of them until ``reset()``.
    func bind(_ values: Bindings) throws {
        precondition(
            unsafe sqlite3_bind_parameter_count(pointer) == values.values.count,
            "as many values as parameters")
        for (place, value) in values.values.enumerated() {
            let code = unsafe value?.bind(to: pointer, at: Int32(place + 1)) ?? SQLITE_OK
            guard code == SQLITE_OK else {
                throw DatabaseError(resultCode: ResultCode(rawValue: code))
            }
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

    func text(_ column: Int32) throws -> String {
        // What another hand wrote need not be UTF-8.
        guard let text = unsafe String(validating: try letters(column), as: UTF8.self) else {
            throw StorageError.damaged
        }
        return text
    }

    /// - Parameter last: what is given back where it is the same.
    func namespace(_ column: Int32, after last: NamespaceName?) throws -> NamespaceName {
        if let last, unsafe last.bytes.elementsEqual(try letters(column)) { return last }
        return try NamespaceName(text(column))
    }

    /// SQLite's own memory, until the next step.
    @unsafe private func letters(_ column: Int32) throws -> UnsafeBufferPointer<UInt8> {
        guard unsafe sqlite3_column_type(pointer, column) == SQLITE_TEXT,
            let start = unsafe sqlite3_column_text(pointer, column)
        else { throw StorageError.damaged }
        return unsafe UnsafeBufferPointer(
            start: start, count: Int(sqlite3_column_bytes(pointer, column)))
    }
}

/// Values for the parameters of a statement, in order; nil stands for NULL.
struct Bindings: ExpressibleByArrayLiteral {
    let values: [(any ColumnValue)?]

    init(_ values: [any ColumnValue]) { self.values = values }

    init(arrayLiteral elements: (any ColumnValue)?...) { values = elements }

    private init(all values: [(any ColumnValue)?]) { self.values = values }

    static func + (first: Bindings, second: Bindings) -> Bindings {
        Bindings(all: first.values + second.values)
    }
}

/// What a column of the catalog holds.
protocol ColumnValue {
    /// - Throws: ``StorageError/damaged`` for a value of another type, and for a number that does not fit.
    init(_ row: RawStatement, _ column: Int32) throws

    /// - Returns: SQLite's code.
    @unsafe func bind(to statement: OpaquePointer, at place: Int32) -> Int32
}

extension ColumnValue where Self: FixedWidthInteger {
    init(_ row: RawStatement, _ column: Int32) throws {
        guard let number = Self(exactly: try row.integer(column)) else {
            throw StorageError.damaged
        }
        self = number
    }

    @unsafe func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        guard let number = Int64(exactly: self) else { return SQLITE_RANGE }
        return unsafe sqlite3_bind_int64(statement, place, number)
    }
}

extension Int: ColumnValue {}
extension Int64: ColumnValue {}
extension UInt8: ColumnValue {}
extension UInt16: ColumnValue {}
extension UInt32: ColumnValue {}
extension UInt64: ColumnValue {}

extension String: ColumnValue {
    init(_ row: RawStatement, _ column: Int32) throws { self = try row.text(column) }

    @unsafe func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        // No letters are a value, too.
        guard !isEmpty else { return unsafe sqlite3_bind_text(statement, place, "", 0, copied) }
        var copy = self
        return copy.withUTF8 { text in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe sqlite3_bind_text(
                    statement, place, text.baseAddress, Int32(text.count), copied)
            }
        }
    }
}

extension [UInt8]: ColumnValue {
    init(_ row: RawStatement, _ column: Int32) throws { self = try row.bytes(column) }

    @unsafe func bind(to statement: OpaquePointer, at place: Int32) -> Int32 {
        // No bytes are a value, and not NULL.
        guard !isEmpty else { return unsafe sqlite3_bind_zeroblob(statement, place, 0) }
        return unsafe withUnsafeBytes { bytes in
            unsafe sqlite3_bind_blob(
                statement, place, bytes.baseAddress, Int32(bytes.count), copied)
        }
    }
}

/// Tells SQLite to copy what is bound.
private var copied: sqlite3_destructor_type {
    unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
