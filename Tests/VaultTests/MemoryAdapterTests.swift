// The memory adapters keep the rules of their ports, so that what passes on them passes on a disk.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Memory adapters")
struct MemoryAdapterTests {
    @Test("the memory catalog keeps every rule", arguments: CatalogConformance.rules)
    func catalog(rule: CatalogConformance.Rule) throws {
        try rule.check(MemoryCatalog())
    }

    @Test("the memory blob store keeps every rule", arguments: BlobStoreConformance.rules)
    func blobStore(rule: BlobStoreConformance.Rule) throws {
        try rule.check(MemoryBlobStore())
    }

    @Test("the step that is armed fails, once, and the others are only counted")
    func faults() throws {
        let faults = Faults()
        let catalog = MemoryCatalog(faults: faults)
        faults.arm(step: 3, .full)
        #expect(throws: StorageError.full) { try catalog.transact { try $0.setFrontier(.empty) } }
        #expect(faults.failed == "commit")
        _ = try catalog.transact { try $0.frontier() }
        #expect(faults.steps == 6)
    }

    @Test("a transaction that fails after the fact has happened all the same")
    func afterTheFact() throws {
        let catalog = MemoryCatalog()
        var rows = TestRows()
        let event = rows.event(0)
        catalog.faults.arm(step: 4, .unavailable(5))
        #expect(throws: StorageError.unavailable(5)) {
            try catalog.transact { try $0.append(event) }
        }
        #expect(try catalog.events() == [event])
        // A full disk rolls back: there is no fourth step for it.
        catalog.faults.arm(step: 4, .full)
        try catalog.transact { try $0.append(rows.event(1)) }
        #expect(catalog.faults.failed == nil)
    }

    @Test("a crash takes the blobs that were not committed")
    func crash() throws {
        let store = MemoryBlobStore()
        let blobs = [1, 2].map { BlobID(checked: [UInt8](repeating: $0, count: 16)) }
        let writers = try blobs.map { try store.create($0, bytes: 0) }
        try writers[0].commit()
        store.crash()
        #expect(store.names == [blobs[0]])
    }
}
