// The rows of holds, and of claims whose retention ends.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let holdColumns = """
        id, hold, kind, namespace, subject, created, creator, note, changed, mac
        """

    func hold(_ id: HoldID) throws(StorageError) -> HoldRow? {
        try first("SELECT \(Self.holdColumns) FROM hold WHERE hold = ?", [id.bytes]) {
            row throws in try HoldRow(row)
        }
    }

    func holds(after: Int64, limit: Int) throws(StorageError) -> [HoldRow] {
        try all(
            "SELECT \(Self.holdColumns) FROM hold WHERE id > ? ORDER BY id LIMIT ?",
            [after, limit]
        ) { row throws in try HoldRow(row) }
    }

    func holdCount() throws(StorageError) -> Int {
        try first("SELECT count(*) FROM hold", []) { row throws in try value(row, 0) as Int } ?? 0
    }

    func holds(on subjects: [HoldSubject]) throws(StorageError) -> [HoldRow] {
        var rows: [HoldRow] = []
        for subject in subjects {
            rows += try all(
                """
                SELECT \(Self.holdColumns) FROM hold
                WHERE subject = ? AND kind = ? AND namespace = ? ORDER BY id LIMIT 1
                """,
                [
                    subject.bytes, Int64(subject.kind.rawValue),
                    subject.namespace?.description ?? "",
                ]
            ) { row throws in try HoldRow(row) }
        }
        return rows
    }

    func insertHold(_ hold: HoldRow) throws(StorageError) {
        try run(
            """
            INSERT INTO hold (hold, kind, namespace, subject, created, creator, note, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                hold.hold.bytes, Int64(hold.subject.kind.rawValue),
                hold.subject.namespace?.description ?? "", hold.subject.bytes,
                hold.createdMicroseconds, Int64(hold.creator), hold.note.text,
                Int64(clamping: hold.changedAt), hold.mac.bytes,
            ])
    }

    func deleteHold(_ id: HoldID) throws(StorageError) {
        try run("DELETE FROM hold WHERE hold = ?", [id.bytes])
    }

    // MARK: Retention

    func references(of image: Int64) throws(StorageError) -> [ReferenceRow] {
        try all(
            """
            SELECT \(Self.referenceColumns) FROM reference \(Self.referenceWrap)
            WHERE reference.image = ? ORDER BY reference.id
            """, [image]
        ) { row throws in try ReferenceRow(row, at: 0) }
    }

    func referenceCount(
        in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> Int {
        let (filters, values) = claim.filters
        return try first(
            """
            SELECT count(*) FROM reference JOIN image ON image.id = reference.image
            WHERE image.namespace = ?\(filters)
            """, Bindings([namespace.description] + values)
        ) { row throws in try value(row, 0) as Int } ?? 0
    }

    func expiredReferences(
        at microseconds: Int64, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        try all(
            """
            SELECT \(Self.referenceColumns), \(Self.imageColumns)
            FROM reference \(Self.referenceWrap)
            CROSS JOIN image ON image.id = reference.image \(Self.imageWrap)
            WHERE reference.retention <> 0 AND reference.retention <= ?
                AND reference.id > ? AND reference.id <= ? ORDER BY reference.id LIMIT ?
            """, [microseconds, after, through, limit]
        ) { row throws in
            (try ReferenceRow(row, at: 0), try ImageRow(row, at: Self.referenceColumnCount))
        }
    }

    func expiredReferenceCount(at microseconds: Int64) throws(StorageError) -> Int {
        try first(
            "SELECT count(*) FROM reference WHERE retention <> 0 AND retention <= ?",
            [microseconds]
        ) { row throws in try value(row, 0) as Int } ?? 0
    }

    func updateRetention(_ reference: ReferenceRow) throws(StorageError) {
        try run(
            "UPDATE reference SET retention = ?, changed = ?, mac = ? WHERE id = ?",
            [
                reference.retention.column, Int64(clamping: reference.changedAt),
                reference.mac.bytes, reference.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }
}

extension HoldRow {
    fileprivate init(_ row: RawStatement) throws {
        guard let kind = HoldKind(rawValue: try value(row, 2)) else { throw StorageError.damaged }
        let namespace: String = try value(row, 3)
        self.init(
            row: try value(row, 0), hold: try HoldID(bytes: bytes(row, 1)),
            subject: try HoldSubject(
                kind, namespace.isEmpty ? nil : try NamespaceName(namespace), bytes(row, 4)),
            createdMicroseconds: try value(row, 5), creator: try value(row, 6),
            note: try AdminNote(value(row, 7)), changedAt: try value(row, 8),
            mac: try RowMAC(bytes: bytes(row, 9)))
    }
}
