// The rows of receipts, of the store's purge, and of registered copies of the keyring.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let receiptColumns = """
        id, receipt, kind, namespace, image, operation, asked, claims, images, bytes, left,
        epoch, event, changed, mac
        """
    private static let escrowColumns = """
        id, escrow, created, creator, epochs, note, attester, attested, changed, mac
        """

    // MARK: Receipts

    func receipt(_ id: ReceiptID) throws(StorageError) -> ReceiptRow? {
        try first(
            "SELECT \(Self.receiptColumns) FROM receipt WHERE receipt = ?", [id.bytes]
        ) { row throws in try ReceiptRow(row) }
    }

    func receipt(of operation: OperationID) throws(StorageError) -> ReceiptRow? {
        try first(
            """
            SELECT \(Self.receiptColumns) FROM receipt WHERE operation <> x'' AND operation = ?
            """, [operation.bytes]
        ) { row throws in try ReceiptRow(row) }
    }

    func receipts(
        in namespace: NamespaceName?, before: Int64, limit: Int
    ) throws(StorageError) -> [ReceiptRow] {
        try all(
            """
            SELECT \(Self.receiptColumns) FROM receipt
            WHERE id < ?1 AND (?2 = '' OR namespace = ?2) ORDER BY id DESC LIMIT ?3
            """, [before, namespace?.description ?? "", limit]
        ) { row throws in try ReceiptRow(row) }
    }

    func hasErasure(in events: Range<UInt64>) throws(StorageError) -> Bool {
        try first(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM receipt WHERE event >= ?1 AND event < ?2)
                OR EXISTS (SELECT 1 FROM event INDEXED BY event_action
                    WHERE action = ?3 AND outcome = 1 AND id >= ?1 AND id < ?2)
            """,
            [
                Int64(clamping: events.lowerBound), Int64(clamping: events.upperBound),
                Int64(EventAction.logErased.rawValue),
            ]
        ) { _ in true } ?? false
    }

    func insertReceipt(_ receipt: ReceiptRow) throws(StorageError) {
        try run(
            """
            INSERT INTO receipt (receipt, kind, namespace, image, operation, asked, claims, images,
                bytes, left, epoch, event, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                receipt.receipt.bytes, Int64(receipt.kind.rawValue),
                receipt.namespace?.description ?? "", receipt.image?.bytes ?? [],
                receipt.operation?.bytes ?? [], receipt.askedMicroseconds, receipt.claims,
                receipt.images, receipt.storedBytes, receipt.left ?? -1, receipt.epochColumn,
                receipt.eventColumn, Int64(clamping: receipt.changedAt), receipt.mac.bytes,
            ])
    }

    func updateReceipt(_ receipt: ReceiptRow) throws(StorageError) {
        try run(
            """
            UPDATE receipt SET claims = ?, images = ?, bytes = ?, left = ?, epoch = ?, event = ?,
                changed = ?, mac = ?
            WHERE id = ?
            """,
            [
                receipt.claims, receipt.images, receipt.storedBytes, receipt.left ?? -1,
                receipt.epochColumn, receipt.eventColumn, Int64(clamping: receipt.changedAt),
                receipt.mac.bytes,
                receipt.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    // MARK: Purge

    func lastPurge() throws(StorageError) -> PurgeRow? {
        try first("SELECT through, at, changed, mac FROM purge WHERE id = 1", []) { row throws in
            PurgeRow(
                through: try value(row, 0), atMicroseconds: try value(row, 1),
                changedAt: try value(row, 2), mac: try RowMAC(bytes: bytes(row, 3)))
        }
    }

    func setPurge(_ purge: PurgeRow) throws(StorageError) {
        try run(
            "INSERT OR REPLACE INTO purge (id, through, at, changed, mac) VALUES (1, ?, ?, ?, ?)",
            [
                Int64(clamping: purge.through), purge.atMicroseconds,
                Int64(clamping: purge.changedAt), purge.mac.bytes,
            ])
    }

    // MARK: Escrows

    func escrow(_ id: EscrowID) throws(StorageError) -> EscrowRow? {
        try first(
            "SELECT \(Self.escrowColumns) FROM escrow WHERE escrow = ?", [id.bytes]
        ) { row throws in try EscrowRow(row) }
    }

    func escrows(after: Int64, limit: Int) throws(StorageError) -> [EscrowRow] {
        try all(
            "SELECT \(Self.escrowColumns) FROM escrow WHERE id > ? ORDER BY id LIMIT ?",
            [after, limit]
        ) { row throws in try EscrowRow(row) }
    }

    func insertEscrow(_ escrow: EscrowRow) throws(StorageError) {
        try run(
            """
            INSERT INTO escrow (escrow, created, creator, epochs, note, attester, attested, changed,
                mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                escrow.escrow.bytes, escrow.createdMicroseconds, Int64(escrow.creator),
                escrow.epochs.packed, escrow.note.text, Int64(escrow.destroyed?.uid ?? 0),
                escrow.destroyed?.atMicroseconds ?? 0, Int64(clamping: escrow.changedAt),
                escrow.mac.bytes,
            ])
    }

    func updateEscrow(_ escrow: EscrowRow) throws(StorageError) {
        try run(
            "UPDATE escrow SET attester = ?, attested = ?, changed = ?, mac = ? WHERE id = ?",
            [
                Int64(escrow.destroyed?.uid ?? 0), escrow.destroyed?.atMicroseconds ?? 0,
                Int64(clamping: escrow.changedAt), escrow.mac.bytes, escrow.row,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }
}

extension ReceiptRow {
    fileprivate init(_ row: RawStatement) throws {
        guard let kind = ErasureKind(rawValue: try value(row, 2)) else {
            throw StorageError.damaged
        }
        let namespace: String = try value(row, 3)
        let (image, operation) = (try bytes(row, 4), try bytes(row, 5))
        let epoch: UInt32 = try value(row, 11)
        let counts: [Int] = [try value(row, 7), try value(row, 8), try value(row, 9)]
        let left: Int = try value(row, 10)
        guard counts.allSatisfy({ $0 >= 0 }), left >= -1 else { throw StorageError.damaged }
        self.init(
            row: try value(row, 0), receipt: try ReceiptID(bytes: bytes(row, 1)), kind: kind,
            namespace: namespace.isEmpty ? nil : try NamespaceName(namespace),
            image: image.isEmpty ? nil : try ImageID(bytes: image),
            operation: operation.isEmpty ? nil : try OperationID(bytes: operation),
            askedMicroseconds: try value(row, 6), claims: counts[0],
            images: counts[1], storedBytes: counts[2],
            left: left == -1 ? nil : left, epoch: epoch == 0 ? nil : try EpochNumber(epoch),
            event: UInt64(exactly: try value(row, 12) as Int64), changedAt: try value(row, 13),
            mac: try RowMAC(bytes: bytes(row, 14)))
    }

    fileprivate var epochColumn: Int64 { Int64(epoch?.value ?? 0) }
    fileprivate var eventColumn: Int64 { event.map { Int64(clamping: $0) } ?? -1 }
}

extension EscrowRow {
    fileprivate init(_ row: RawStatement) throws {
        let attested: Int64 = try value(row, 7)
        self.init(
            row: try value(row, 0), escrow: try EscrowID(bytes: bytes(row, 1)),
            createdMicroseconds: try value(row, 2), creator: try value(row, 3),
            epochs: try [EpochNumber](packed: bytes(row, 4)), note: try AdminNote(value(row, 5)),
            destroyed: attested == 0
                ? nil : Attestation(uid: try value(row, 6), atMicroseconds: attested),
            changedAt: try value(row, 8), mac: try RowMAC(bytes: bytes(row, 9)))
    }
}

extension [EpochNumber] {
    /// Four bytes each.
    var packed: [UInt8] {
        var writer = ByteWriter(reserving: 4 * count)
        for epoch in self { writer.append(epoch.value) }
        return writer.bytes
    }

    init(packed bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        self = []
        while reader.remaining > 0 { append(try EpochNumber(reader.read(UInt32.self))) }
        // More than a keyring can have stands in no authenticator.
        guard count <= Limits.keyEntries else { throw StorageError.damaged }
    }
}
