// The catalog in memory. A transaction works on a copy of the tables, which takes their place when
// the transaction ends well: readers see the state before or the state after, and nothing between.

import Foundation
import Synchronization
package import Vault
import VaultFormat

package final class MemoryCatalog: Catalog {
    package let faults: Faults
    private let state: Mutex<MemoryTables>
    private let committed = Mutex(0)
    private let writer = NSLock()

    package init(_ tables: MemoryTables = MemoryTables(), faults: Faults = Faults()) {
        state = Mutex(tables)
        self.faults = faults
    }

    /// What is committed.
    package var tables: MemoryTables { state.withLock { $0 } }

    /// Transactions that ended well.
    package var transactions: Int { committed.withLock { $0 } }

    /// Changes what is committed behind the vault's back.
    package func tamper(_ body: (inout MemoryTables) -> Void) {
        state.withLock { body(&$0) }
    }

    package func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try body(MemoryRows(tables, faults))
    }

    package func reopen() throws(StorageError) { try faults.pass("reopen") }

    package func snapshot() throws(StorageError) -> any CatalogSnapshot {
        try faults.pass("snapshot")
        return MemorySnapshot(tables)
    }

    /// A state in memory has no older one beside it.
    package func purge() throws(StorageError) -> Bool {
        writer.lock()
        defer { writer.unlock() }
        try faults.pass("purgeFiles")
        return true
    }

    package func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try read(body)
    }

    package func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        writer.lock()
        defer { writer.unlock() }
        try faults.pass("begin")
        let rows = MemoryRows(tables, faults)
        let result = try body(rows)
        try faults.pass("commit")
        let changed = rows.tables
        state.withLock { $0 = changed }
        committed.withLock { $0 += 1 }
        try faults.passAfterTheFact("flush")
        return result
    }
}

/// One transaction's own copy of the tables.
final class MemoryRows: CatalogWriter {
    var tables: MemoryTables
    let faults: Faults

    init(_ tables: MemoryTables, _ faults: Faults) {
        self.tables = tables
        self.faults = faults
    }

    func image(_ id: ImageID, in namespace: NamespaceName) throws(StorageError) -> ImageRow? {
        try faults.pass("image")
        return tables.images.first { $0.image == id && $0.namespace == namespace }
    }

    func reference(of image: Int64, claim: ClaimIndex) throws(StorageError) -> ReferenceRow? {
        try faults.pass("reference")
        return tables.references.first { $0.imageRow == image && $0.claim == claim }
    }

    func reference(
        _ id: ReferenceID, of image: Int64
    ) throws(StorageError) -> ReferenceRow? {
        try faults.pass("referenceOfID")
        return tables.references.first { $0.imageRow == image && $0.reference == id }
    }

    func newestReference(
        of image: Int64, fitting claim: ClaimIndex
    ) throws(StorageError) -> ReferenceRow? {
        try faults.pass("newestReference")
        return tables.references.last { $0.imageRow == image && claim.fits($0.claim) }
    }

    func claimedImage(
        _ id: ImageID, in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> (image: ImageRow, reference: ReferenceRow)? {
        try faults.pass("claimedImage")
        let image = tables.images.first { $0.image == id && $0.namespace == namespace }
        guard let image else { return nil }
        let claims = tables.references.filter { $0.imageRow == image.row }
        let found = claims.last { $0.claim == claim } ?? claims.last { claim.fits($0.claim) }
        return found.map { (image, $0) }
    }

    func referenceCount(of image: Int64) throws(StorageError) -> Int {
        try faults.pass("referenceCount")
        return tables.references.count { $0.imageRow == image }
    }

    func references(
        in namespace: NamespaceName, fitting claim: ClaimIndex, after: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        try faults.pass("references")
        let rows = tables.references.lazy.filter { $0.row > after && claim.fits($0.claim) }
            .compactMap { [tables] reference in
                tables.image(row: reference.imageRow).map { (reference, $0) }
            }
            .filter { $0.1.namespace == namespace }
        return rows.prefix(limit).map { (reference: $0.0, image: $0.1) }
    }

    func holdsBlob(_ blob: BlobID) throws(StorageError) -> Bool {
        try faults.pass("holdsBlob")
        return tables.images.contains { $0.blob == blob }
    }

    func events(from: UInt64, limit: Int) throws(StorageError) -> [EventRow] {
        try faults.pass("events")
        return Array(tables.events.lazy.filter { $0.index >= from }.prefix(limit))
    }

    func eventCount(
        _ action: EventAction, _ outcome: EventOutcome
    ) throws(StorageError) -> Int {
        try faults.pass("eventCount")
        return tables.events.count { $0.action == action && $0.outcome == outcome }
    }

    func pseudonym(
        of kind: Pseudonym.Kind, at index: BlindIndex
    ) throws(StorageError) -> PseudonymRow? {
        try faults.pass("pseudonym")
        return tables.pseudonyms.first { $0.kind == kind && $0.index == index }
    }

    func slotProofs() throws(StorageError) -> [SlotProof] {
        try faults.pass("slotProofs")
        return tables.slotProofs
    }

    func frontier() throws(StorageError) -> MerkleFrontier {
        try faults.pass("frontier")
        return tables.frontier
    }

    func totals() throws(StorageError) -> CatalogTotals {
        try faults.pass("totals")
        return CatalogTotals(
            images: tables.images.count, references: tables.references.count,
            storedBytes: tables.images.reduce(0) { $0 + $1.storedBytes })
    }

    func census() throws(StorageError) -> [UInt32: Int] {
        try faults.pass("census")
        let keys = tables.images.map(\.key) + tables.references.map(\.key)
        return Dictionary(keys.map { ($0.epoch.value, 1) }, uniquingKeysWith: +)
    }

    func insertImage(_ image: ImageRow) throws(StorageError) -> Int64 {
        try faults.pass("insertImage")
        return try tables.insert(image)
    }

    func deleteImage(_ image: ImageRow) throws(StorageError) {
        try faults.pass("deleteImage")
        try tables.delete(image)
    }

    func insertReference(_ reference: ReferenceRow) throws(StorageError) {
        try faults.pass("insertReference")
        try tables.insert(reference)
    }

    func deleteReference(_ reference: ReferenceRow) throws(StorageError) {
        try faults.pass("deleteReference")
        try tables.delete(reference)
    }

    func append(_ event: EventRow, foundBy lookups: [BlindIndex]) throws(StorageError) {
        try faults.pass("append")
        try tables.insert(event)
        for lookup in lookups { tables.lookups[lookup, default: []].insert(event.index) }
    }

    func insertPseudonym(_ row: PseudonymRow) throws(StorageError) {
        try faults.pass("insertPseudonym")
        try tables.insert(row)
    }

    func setSlotProof(_ proof: SlotProof) throws(StorageError) {
        try faults.pass("setSlotProof")
        tables.slotProofs.removeAll { $0.slot == proof.slot }
        tables.slotProofs.append(proof)
    }

    func deleteSlotProof(of slot: SlotID) throws(StorageError) {
        try faults.pass("deleteSlotProof")
        tables.slotProofs.removeAll { $0.slot == slot }
    }

    func setFrontier(_ frontier: MerkleFrontier) throws(StorageError) {
        try faults.pass("setFrontier")
        tables.frontier = frontier
    }
}
