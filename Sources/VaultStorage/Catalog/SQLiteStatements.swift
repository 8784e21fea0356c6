// Running cached statements, and the words of a row turned into types.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    func first<R>(
        _ sql: String, _ values: Bindings, _ make: (RawStatement) throws -> R
    ) throws(StorageError) -> R? {
        try running(sql, values) { statement in try statement.step() ? make(statement) : nil }
    }

    func all<R>(
        _ sql: String, _ values: Bindings, _ make: (RawStatement) throws -> R
    ) throws(StorageError) -> [R] {
        try running(sql, values) { statement in
            var rows: [R] = []
            while try statement.step() { rows.append(try make(statement)) }
            return rows
        }
    }

    func run(_ sql: String, _ values: Bindings) throws(StorageError) {
        try running(sql, values) { statement in while try statement.step() {} }
    }

    private func running<R>(
        _ sql: String, _ values: Bindings, _ body: (RawStatement) throws -> R
    ) throws(StorageError) -> R {
        try mapping {
            let statement = RawStatement(try db.cachedStatement(sql: sql))
            defer { statement.reset() }
            try statement.bind(values)
            return try body(statement)
        }
    }

    /// A value that is no value of its type is damage, like a page that does not hold together.
    func mapping<R>(_ body: () throws -> R) throws(StorageError) -> R {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StorageError(error)
        } catch let error as StorageError {
            throw error
        } catch {
            throw .damaged
        }
    }
}

extension Optional where Wrapped == BlindIndex {
    /// The column: an empty blob where there is none.
    var column: [UInt8] { map(\.bytes) ?? [] }
}

extension BlindIndex {
    static func parse(_ column: [UInt8]) throws -> BlindIndex? {
        column.isEmpty ? nil : try BlindIndex(bytes: column)
    }
}

/// The column, or damage where it has no value of that type.
func value<T: ColumnValue>(_ row: RawStatement, _ column: Int) throws -> T {
    try T(row, Int32(column))
}

func bytes(_ row: RawStatement, _ column: Int) throws -> [UInt8] {
    try row.bytes(Int32(column))
}

extension ImageRow {
    init(_ row: RawStatement, at start: Int) throws {
        guard let type = ImageType(rawValue: try value(row, start + 4)),
            let level = InspectionLevel(rawValue: try value(row, start + 8))
        else { throw StorageError.damaged }
        self.init(
            row: try value(row, start),
            namespace: try NamespaceName(value(row, start + 1)),
            image: try ImageID(bytes: bytes(row, start + 2)),
            blob: try BlobID(bytes: bytes(row, start + 3)), type: type,
            width: try value(row, start + 5), height: try value(row, start + 6),
            storedBytes: try value(row, start + 7),
            verdict: Verdict(
                level: level, inspectorVersion: try value(row, start + 9),
                findings: try Verdict.findings(text: value(row, start + 11)),
                flags: ImageFlags(rawValue: try value(row, start + 10))),
            createdMicroseconds: try value(row, start + 12),
            quarantinedMicroseconds: try value(row, start + 17) == 0 as Int64
                ? nil : value(row, start + 17),
            key: WrappedKey(
                epoch: try EpochColumn.epoch(value(row, start + 15)),
                bytes: try bytes(row, start + 16)),
            changedAt: try value(row, start + 13), mac: try RowMAC(bytes: bytes(row, start + 14)))
    }
}

extension ReferenceRow {
    init(_ row: RawStatement, at start: Int) throws {
        self.init(
            row: try value(row, start), imageRow: try value(row, start + 1),
            reference: try ReferenceID(bytes: bytes(row, start + 2)),
            claim: ClaimIndex(
                owner: try BlindIndex.parse(value(row, start + 3)),
                job: try BlindIndex.parse(value(row, start + 4))),
            sealedBody: try bytes(row, start + 5),
            retention: Retention(column: try value(row, start + 10)),
            key: WrappedKey(
                epoch: try EpochColumn.epoch(value(row, start + 8)),
                bytes: try bytes(row, start + 9)),
            changedAt: try value(row, start + 6), mac: try RowMAC(bytes: bytes(row, start + 7)))
    }
}

extension EventRow {
    init(_ row: RawStatement) throws {
        guard let action = EventAction(rawValue: try value(row, 2)),
            let outcome = EventOutcome(rawValue: try value(row, 3))
        else { throw StorageError.damaged }
        let kept = try bytes(row, 7)
        let content: Content =
            switch try value(row, 6) as Int {
            // What was overwritten is zeros as long as it was; a salt is none.
            case 0: kept.allSatisfy { $0 == 0 } ? .erased : .clear(kept)
            case 1: .sealed(kept)
            default: throw StorageError.damaged
            }
        let hasImage = !row.isNull(4) && content != .erased
        let image: [UInt8]? = hasImage ? try bytes(row, 4) : nil
        self.init(
            index: try value(row, 0), atMicroseconds: try value(row, 1), action: action,
            outcome: outcome, image: try image.map { try ImageID(bytes: $0) },
            digest: try Digest256(bytes: bytes(row, 5)), content: content)
    }
}
