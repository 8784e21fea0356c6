// Rows of the catalog inside one transaction. Statements are cached; values are bound, never spliced.
// Every row is parsed into types, and one that does not parse is damage.

import GRDB
import Vault
import VaultFormat

struct SQLiteRows: CatalogWriter {
    let db: Database

    static let imageColumns = """
        image.id, image.namespace, image.image, image.blob, image.type, image.width, image.height,
        image.bytes, image.level, image.inspector, image.flags, image.findings, image.created,
        image.changed, image.mac, image_wrap.epoch, image_wrap.wrapped, image.quarantined
        """
    static let referenceColumnCount = 11
    static let referenceColumns = """
        reference.id, reference.image, reference.reference, reference.owner, reference.job,
        reference.body, reference.changed, reference.mac, reference_wrap.epoch,
        reference_wrap.wrapped, reference.retention
        """
    // Left joins: a row whose wrap is gone is damage, not a row that is not there.
    static let imageWrap = "LEFT JOIN wrap AS image_wrap ON image_wrap.id = image.wrap"
    static let referenceWrap =
        "LEFT JOIN wrap AS reference_wrap ON reference_wrap.id = reference.wrap"

    // What every upload and every reading asks: put together once, not for each.
    private static let imageQuestion = """
        SELECT \(imageColumns) FROM image \(imageWrap)
        WHERE image.namespace = ? AND image.image = ?
        """
    private static let referenceQuestion = """
        SELECT \(referenceColumns) FROM reference \(referenceWrap)
        WHERE reference.image = ? AND reference.owner = ? AND reference.job = ?
        """
    private static let claimedImageQuestion = """
        SELECT \(referenceColumns), \(imageColumns)
        FROM image \(imageWrap)
        JOIN reference ON reference.id = coalesce(
            (SELECT id FROM reference
                WHERE image = image.id AND owner = ?3 AND job = ?4),
            (SELECT id FROM reference
                WHERE image = image.id AND (?3 = x'' OR owner = ?3) AND (?4 = x'' OR job = ?4)
                ORDER BY id DESC LIMIT 1)) \(referenceWrap)
        WHERE image.namespace = ?1 AND image.image = ?2
        """

    // MARK: Reading

    func image(_ id: ImageID, in namespace: NamespaceName) throws(StorageError) -> ImageRow? {
        try first(
            Self.imageQuestion, [namespace.description, id.bytes]
        ) { row throws in try ImageRow(row, at: 0) }
    }

    func reference(
        of image: Int64, claim: ClaimIndex
    ) throws(StorageError) -> ReferenceRow? {
        try first(
            Self.referenceQuestion, [image, claim.owner.column, claim.job.column]
        ) { row throws in try ReferenceRow(row, at: 0) }
    }

    func reference(
        _ id: ReferenceID, of image: Int64
    ) throws(StorageError) -> ReferenceRow? {
        try first(
            """
            SELECT \(Self.referenceColumns) FROM reference \(Self.referenceWrap)
            WHERE reference.image = ? AND reference.reference = ?
            """, [image, id.bytes]
        ) { row throws in try ReferenceRow(row, at: 0) }
    }

    func newestReference(
        of image: Int64, fitting claim: ClaimIndex
    ) throws(StorageError) -> ReferenceRow? {
        try first(
            """
            SELECT \(Self.referenceColumns) FROM reference \(Self.referenceWrap)
            WHERE reference.image = ?1 AND (?2 = x'' OR reference.owner = ?2)
                AND (?3 = x'' OR reference.job = ?3)
            ORDER BY reference.id DESC LIMIT 1
            """, [image, claim.owner.column, claim.job.column]
        ) { row throws in try ReferenceRow(row, at: 0) }
    }

    func claimedImage(
        _ id: ImageID, in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> (image: ImageRow, reference: ReferenceRow)? {
        let imageStart = Self.referenceColumnCount
        return try first(
            Self.claimedImageQuestion,
            [namespace.description, id.bytes, claim.owner.column, claim.job.column]
        ) { row throws in
            (try ImageRow(row, at: imageStart), try ReferenceRow(row, at: 0))
        }
    }

    func referenceCount(of image: Int64) throws(StorageError) -> Int {
        try first("SELECT count(*) FROM reference WHERE image = ?", [image]) { row throws in
            try value(row, 0) as Int
        } ?? 0
    }

    func references(
        in namespace: NamespaceName, fitting claim: ClaimIndex, after: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        let (filters, claimed) = claim.filters
        let imageStart = Self.referenceColumnCount
        let isByImages = claimed.isEmpty ? try isSparse(namespace, limit) : false
        // A cross join keeps the order of the tables.
        let tables =
            if isByImages {
                """
                image \(Self.imageWrap)
                CROSS JOIN reference ON reference.image = image.id \(Self.referenceWrap)
                """
            } else {
                """
                reference \(Self.referenceWrap)
                CROSS JOIN image ON image.id = reference.image \(Self.imageWrap)
                """
            }
        return try all(
            """
            SELECT \(Self.referenceColumns), \(Self.imageColumns) FROM \(tables)
            WHERE reference.id > ? AND image.namespace = ?\(filters)
            ORDER BY reference.id LIMIT ?
            """, Bindings([after, namespace.description] + claimed + [limit])
        ) { row throws in
            (try ReferenceRow(row, at: 0), try ImageRow(row, at: imageStart))
        }
    }

    /// How a page of a namespace's claims is found, which have no namespace of their own: by its images, all of whose
    /// claims are sorted then; or along all claims until the page is full, where one in so many is of the namespace.
    /// Whichever looks at less.
    private func isSparse(_ namespace: NamespaceName, _ limit: Int) throws(StorageError) -> Bool {
        let images = Double(try usage(of: namespace).images)
        let claims = try first("SELECT coalesce(max(id), 0) FROM reference", []) { row throws in
            try value(row, 0) as Int64
        }
        return images * images < Double(limit) * Double(claims ?? 0)
    }

    func holdsBlob(_ blob: BlobID) throws(StorageError) -> Bool {
        try first("SELECT 1 FROM image WHERE blob = ?", [blob.bytes]) { _ in true } ?? false
    }

    func slotProofs() throws(StorageError) -> [SlotProof] {
        try all("SELECT slot, proved, changed, mac FROM slot_proof ORDER BY slot", []) {
            row throws in
            SlotProof(
                slot: try SlotID(bytes: bytes(row, 0)),
                provedMicroseconds: try value(row, 1), changedAt: try value(row, 2),
                mac: try RowMAC(bytes: bytes(row, 3)))
        }
    }

    func usage(of namespace: NamespaceName) throws(StorageError) -> Usage {
        let usage = try first(
            "SELECT images, bytes FROM usage WHERE namespace = ?", [namespace.description]
        ) { row throws in Usage(images: try value(row, 0), bytes: try value(row, 1)) }
        guard let usage else { return .none }
        guard usage.images >= 0, usage.bytes >= 0 else { throw .damaged }
        return usage
    }

    func totals() throws(StorageError) -> CatalogTotals {
        let totals = try first(
            """
            SELECT count(*), coalesce(sum(bytes), 0), (SELECT count(*) FROM reference) FROM image
            """, []
        ) { row throws in
            CatalogTotals(
                images: try value(row, 0), references: try value(row, 2),
                storedBytes: try value(row, 1))
        }
        return totals ?? CatalogTotals(images: 0, references: 0, storedBytes: 0)
    }

    private static let censusColumns = 1000

    /// In two scans: grouping would sort, and hold a record of each wrap in memory, 100 MB at a million images.
    func census() throws(StorageError) -> [UInt32: Int] {
        let found = try all("SELECT DISTINCT epoch FROM wrap", []) { row throws in
            (column: try value(row, 0) as Int64, epoch: try EpochColumn.number(value(row, 0)))
        }
        // No keyring has more, and their places are of none.
        guard found.count <= Limits.keyEntries + 1 else { throw .damaged }
        var rows: [(UInt32, Int)] = []
        // Of those that a statement has columns for; there are one or two.
        for start in stride(from: 0, to: found.count, by: Self.censusColumns) {
            let some = found[start..<min(start + Self.censusColumns, found.count)]
            let terms = some.map { _ in "count(*) FILTER (WHERE epoch = ?)" }
            let counts = try all(
                "SELECT \(terms.joined(separator: ", ")) FROM wrap", Bindings(some.map(\.column))
            ) { row throws in try some.indices.map { try value(row, $0 - start) as Int } }
            rows += zip(some.map(\.epoch), counts.first ?? [])
        }
        // Places that nobody uses are of no epoch.
        return Dictionary(rows, uniquingKeysWith: +).filter { $0.key != 0 }
    }

    // MARK: Writing

    func insertImage(_ image: ImageRow) throws(StorageError) -> Int64 {
        let wrap = try insertWrap(image.key)
        try run(
            """
            INSERT INTO image (namespace, image, blob, type, width, height, bytes, level,
                inspector, flags, findings, created, wrap, changed, mac, quarantined)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                image.namespace.description, image.image.bytes, image.blob.bytes,
                Int64(image.type.rawValue), image.width, image.height, image.storedBytes,
                Int64(image.verdict.level.rawValue), Int64(image.verdict.inspectorVersion),
                Int64(image.verdict.flags.rawValue), image.verdict.findingsText,
                image.createdMicroseconds, wrap, Int64(clamping: image.changedAt),
                image.mac.bytes, image.quarantinedMicroseconds ?? 0,
            ])
        return db.lastInsertedRowID
    }

    func insertReference(_ reference: ReferenceRow) throws(StorageError) {
        let wrap = try insertWrap(reference.key)
        try run(
            """
            INSERT INTO reference (image, reference, owner, job, body, wrap, changed, mac, retention)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                reference.imageRow, reference.reference.bytes, reference.claim.owner.column,
                reference.claim.job.column, reference.sealedBody, wrap,
                Int64(clamping: reference.changedAt), reference.mac.bytes,
                reference.retention.column,
            ])
    }

    func deleteImage(_ image: ImageRow) throws(StorageError) {
        try delete(from: "image", image.row)
    }

    func deleteReference(_ reference: ReferenceRow) throws(StorageError) {
        try delete(from: "reference", reference.row)
    }

    private func delete(from table: String, _ id: Int64) throws(StorageError) {
        let wrap = try first("SELECT wrap FROM \(table) WHERE id = ?", [id]) { row throws in
            try value(row, 0) as Int64
        }
        guard let wrap else { throw .damaged }
        try run("DELETE FROM \(table) WHERE id = ?", [id])
        try clearWrap(wrap)
    }

    func setSlotProof(_ proof: SlotProof) throws(StorageError) {
        try run(
            "INSERT OR REPLACE INTO slot_proof (slot, proved, changed, mac) VALUES (?, ?, ?, ?)",
            [
                proof.slot.bytes, proof.provedMicroseconds,
                Int64(clamping: proof.changedAt), proof.mac.bytes,
            ])
    }

    func deleteSlotProof(of slot: SlotID) throws(StorageError) {
        try run("DELETE FROM slot_proof WHERE slot = ?", [slot.bytes])
    }
}

extension ClaimIndex {
    /// What a query adds to ask for it, so that the index of that column serves.
    var filters: (sql: String, values: [any ColumnValue]) {
        var sql = ""
        var values: [any ColumnValue] = []
        if let owner {
            sql += " AND reference.owner <> x'' AND reference.owner = ?"
            values.append(owner.bytes)
        }
        if let job {
            sql += " AND reference.job <> x'' AND reference.job = ?"
            values.append(job.bytes)
        }
        return (sql, values)
    }
}
