// Wrapped keys as one long list: read in the order of their owners' rows, and replaced many at a time.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let blobWraps = """
        SELECT image.id, wrap.id, wrap.epoch, wrap.wrapped, image.blob, image.namespace, image.image
        FROM image LEFT JOIN wrap ON wrap.id = image.wrap
        WHERE image.id > ? AND image.id <= ? ORDER BY image.id LIMIT ?
        """
    private static let referenceWraps = """
        SELECT reference.id, wrap.id, wrap.epoch, wrap.wrapped, reference.reference,
            image.namespace, image.image
        FROM reference CROSS JOIN image ON image.id = reference.image
            LEFT JOIN wrap ON wrap.id = reference.wrap
        WHERE reference.id > ? AND reference.id <= ? ORDER BY reference.id LIMIT ?
        """

    func wraps(
        of owner: KeyOwner, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [StoredWrap] {
        try mapping {
            let sql = owner == .blob ? Self.blobWraps : Self.referenceWraps
            let statement = RawStatement(try db.cachedStatement(sql: sql))
            defer { statement.reset() }
            try statement.bind([after, through, limit])
            var wraps: [StoredWrap] = []
            var namespace: NamespaceName?
            while try statement.step() {
                let wrap = try StoredWrap(statement, of: owner, in: namespace)
                namespace = wrap.context.namespace
                wraps.append(wrap)
            }
            return wraps
        }
    }

    func lastRow(of owner: KeyOwner) throws(StorageError) -> Int64 {
        let table = owner == .blob ? "image" : "reference"
        return try first("SELECT max(id) FROM \(table)", []) { row throws in
            row.isNull(0) ? 0 : try value(row, 0) as Int64
        } ?? 0
    }

    func rewrap(_ keys: [Rewrap]) throws(StorageError) {
        try mapping {
            let statement = RawStatement(
                try db.cachedStatement(
                    sql: "UPDATE wrap SET epoch = ?, wrapped = ? WHERE id = ? AND wrapped = ?"))
            for key in keys {
                try statement.run(
                    EpochColumn.column(key.new.epoch), key.new.bytes, key.old.wrap, key.old.bytes)
            }
        }
    }

    func storedImages(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [ImageRow] {
        try all(
            """
            SELECT \(Self.imageColumns) FROM image \(Self.imageWrap)
            WHERE image.id > ? AND image.id <= ? ORDER BY image.id LIMIT ?
            """, [after, through, limit]
        ) { row throws in try ImageRow(row, at: 0) }
    }

    func storedReferences(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        try all(
            """
            SELECT \(Self.referenceColumns), \(Self.imageColumns)
            FROM reference \(Self.referenceWrap)
            CROSS JOIN image ON image.id = reference.image \(Self.imageWrap)
            WHERE reference.id > ? AND reference.id <= ? ORDER BY reference.id LIMIT ?
            """, [after, through, limit]
        ) { row throws in
            (try ReferenceRow(row, at: 0), try ImageRow(row, at: Self.referenceColumnCount))
        }
    }

    func resealImage(_ image: ImageRow) throws(StorageError) {
        try run(
            "UPDATE image SET blob = ?, changed = ?, mac = ? WHERE id = ?",
            [
                image.blob.bytes, Int64(clamping: image.changedAt), image.mac.bytes,
                image.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
        try setWrap(of: "image", image.row, image.key)
    }

    func rekeyReference(_ reference: ReferenceRow) throws(StorageError) {
        try run(
            "UPDATE reference SET body = ?, changed = ?, mac = ? WHERE id = ?",
            [
                reference.sealedBody, Int64(clamping: reference.changedAt),
                reference.mac.bytes, reference.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
        try setWrap(of: "reference", reference.row, reference.key)
    }

    private func setWrap(
        of table: String, _ row: Int64, _ key: WrappedKey
    ) throws(StorageError) {
        try run(
            """
            UPDATE wrap SET epoch = ?, wrapped = ?
            WHERE id = (SELECT wrap FROM \(table) WHERE id = ?)
            """, [EpochColumn.column(key.epoch), key.bytes, row])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func statement(of operation: OperationID) throws(StorageError) -> String? {
        try first("SELECT note FROM statement WHERE operation = ?", [operation.bytes]) {
            row throws in try value(row, 0) as String
        }
    }

    func insertStatement(_ statement: SignedStatement) throws(StorageError) {
        try run(
            "INSERT INTO statement (operation, note) VALUES (?, ?)",
            [statement.operation.bytes, statement.note])
    }
}

extension StoredWrap {
    /// - Parameter last: the namespace of the row before, which most rows share.
    fileprivate init(_ row: RawStatement, of owner: KeyOwner, in last: NamespaceName?) throws {
        let isThere = !row.isNull(1)
        let id = try row.bytes(4)
        self.init(
            owner: owner, row: try row.integer(0), wrap: isThere ? try row.integer(1) : 0,
            context: WrapContext(
                subject: owner == .blob
                    ? .blob(try BlobID(bytes: id)) : .reference(try ReferenceID(bytes: id)),
                epoch: isThere ? try row.epoch(2) : .first,
                namespace: try row.namespace(5, after: last),
                image: try ImageID(bytes: row.bytes(6))),
            bytes: isThere ? try row.bytes(3) : [])
    }
}
