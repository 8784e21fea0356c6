// Receipts, copies of the keyring, holds and retention, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func receipt(_ id: ReceiptID) throws(StorageError) -> ReceiptRow? {
        try faults.pass("receipt")
        return tables.receipts.first { $0.receipt == id }
    }

    func receipt(of operation: OperationID) throws(StorageError) -> ReceiptRow? {
        try faults.pass("receipt")
        return tables.receipts.first { $0.operation == operation }
    }

    func receipts(
        in namespace: NamespaceName?, before: Int64, limit: Int
    ) throws(StorageError) -> [ReceiptRow] {
        try faults.pass("receipts")
        let rows = tables.receipts.reversed().filter { row in
            row.row < before && (namespace == nil || row.namespace == namespace)
        }
        return Array(rows.prefix(limit))
    }

    func hasErasure(in events: Range<UInt64>) throws(StorageError) -> Bool {
        try faults.pass("hasErasure")
        return tables.receipts.contains { $0.event.map(events.contains) ?? false }
            || tables.events.contains {
                $0.action == .logErased && $0.outcome == .done && events.contains($0.index)
            }
    }

    func insertReceipt(_ receipt: ReceiptRow) throws(StorageError) {
        try faults.pass("insertReceipt")
        let taken = tables.receipts.contains { other in
            other.receipt == receipt.receipt
                || (receipt.operation != nil && other.operation == receipt.operation)
        }
        guard !taken else { throw .damaged }
        var receipt = receipt
        receipt.row = Int64(tables.receipts.count + 1)
        tables.receipts.append(receipt)
    }

    func updateReceipt(_ receipt: ReceiptRow) throws(StorageError) {
        try faults.pass("updateReceipt")
        guard let place = tables.receipts.firstIndex(where: { $0.row == receipt.row }) else {
            throw .damaged
        }
        tables.receipts[place] = receipt
    }

    func lastPurge() throws(StorageError) -> PurgeRow? {
        try faults.pass("purge")
        return tables.purge
    }

    func setPurge(_ purge: PurgeRow) throws(StorageError) {
        try faults.pass("setPurge")
        tables.purge = purge
    }

    // MARK: Escrows

    func escrow(_ id: EscrowID) throws(StorageError) -> EscrowRow? {
        try faults.pass("escrow")
        return tables.escrows.first { $0.escrow == id }
    }

    func escrows(after: Int64, limit: Int) throws(StorageError) -> [EscrowRow] {
        try faults.pass("escrows")
        return Array(tables.escrows.filter { $0.row > after }.prefix(limit))
    }

    func insertEscrow(_ escrow: EscrowRow) throws(StorageError) {
        try faults.pass("insertEscrow")
        guard !tables.escrows.contains(where: { $0.escrow == escrow.escrow }) else {
            throw .damaged
        }
        var escrow = escrow
        escrow.row = Int64(tables.escrows.count + 1)
        tables.escrows.append(escrow)
    }

    func updateEscrow(_ escrow: EscrowRow) throws(StorageError) {
        try faults.pass("updateEscrow")
        guard let place = tables.escrows.firstIndex(where: { $0.row == escrow.row }) else {
            throw .damaged
        }
        tables.escrows[place] = escrow
    }

    // MARK: Holds

    func hold(_ id: HoldID) throws(StorageError) -> HoldRow? {
        try faults.pass("hold")
        return tables.holds.first { $0.hold == id }
    }

    func holds(after: Int64, limit: Int) throws(StorageError) -> [HoldRow] {
        try faults.pass("holds")
        return Array(tables.holds.filter { $0.row > after }.prefix(limit))
    }

    func holdCount() throws(StorageError) -> Int {
        try faults.pass("holdCount")
        return tables.holds.count
    }

    func holds(on subjects: [HoldSubject]) throws(StorageError) -> [HoldRow] {
        try faults.pass("holds")
        return subjects.compactMap { subject in tables.holds.first { $0.subject == subject } }
    }

    func insertHold(_ hold: HoldRow) throws(StorageError) {
        try faults.pass("insertHold")
        guard !tables.holds.contains(where: { $0.hold == hold.hold }) else { throw .damaged }
        tables.insert(hold)
    }

    func deleteHold(_ id: HoldID) throws(StorageError) {
        try faults.pass("deleteHold")
        tables.holds.removeAll { $0.hold == id }
    }

    // MARK: Retention

    func references(of image: Int64) throws(StorageError) -> [ReferenceRow] {
        try faults.pass("references")
        return tables.references.filter { $0.imageRow == image }
    }

    func referenceCount(
        in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> Int {
        try faults.pass("referenceCount")
        return tables.references.count { reference in
            claim.fits(reference.claim)
                && tables.image(row: reference.imageRow)?.namespace == namespace
        }
    }

    func expiredReferences(
        at microseconds: Int64, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        try faults.pass("expiredReferences")
        let rows = tables.references
            .filter { $0.retention.isOver(at: microseconds) && $0.row > after && $0.row <= through }
            .compactMap { reference in
                tables.image(row: reference.imageRow).map { (reference: reference, image: $0) }
            }
        return Array(rows.prefix(limit))
    }

    func expiredReferenceCount(at microseconds: Int64) throws(StorageError) -> Int {
        try faults.pass("expiredReferenceCount")
        return tables.references.count { $0.retention.isOver(at: microseconds) }
    }

    func updateRetention(_ reference: ReferenceRow) throws(StorageError) {
        try faults.pass("updateRetention")
        guard let place = tables.references.firstIndex(where: { $0.row == reference.row }) else {
            throw .damaged
        }
        tables.references[place].retention = reference.retention
        tables.references[place].changedAt = reference.changedAt
        tables.references[place].mac = reference.mac
    }
}
