// The sweep removes what a crash left between blob and row, and nothing else.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Sweep")
struct SweepTests {
    private let blobs: MemoryBlobStore
    private let memory = MemoryCatalog()
    private let clock = ManualClock()

    init() { blobs = MemoryBlobStore(clock: clock) }

    @Test("it removes exactly the blobs without a row that are older than the start")
    func exactly() async throws {
        let test = try TestVault(catalog: memory, blobs: blobs, clock: clock)
        defer { test.stop() }
        var rows = TestRows()
        let kept = [
            try await test.put(TestImages.small).image.blob,
            try await test.put(TestImages.other, as: TestClaim(in: TestKeys.clinic)).image.blob,
        ]
        let leftovers: [BlobID] = [rows.id(), rows.id(), rows.id()]
        for blob in leftovers { blobs.plant(blob, [1, 2, 3]) }
        clock.advance(microseconds: 1)
        let start = clock.nowMicroseconds()
        let young: BlobID = rows.id()
        blobs.plant(young, [])
        #expect(try test.vault.sweep(olderThan: start) == leftovers.count)
        #expect(blobs.names == Set(kept + [young]))
        #expect(try test.vault.sweep(olderThan: start) == 0)
    }

    @Test("it leaves a blob alone that is being written")
    func unfinished() async throws {
        let gate = GatedCatalog(memory)
        let test = try TestVault(catalog: gate, blobs: blobs, clock: clock)
        defer { test.stop() }
        let tasks = StepExecutor()
        gate.close()
        let put = tasks.start { try await test.put(TestImages.small) }
        gate.awaitArrival()
        #expect(blobs.names.count == 1)
        #expect(try test.vault.sweep(olderThan: .max) == 0)
        gate.open()
        tasks.release()
        let image = try await put.value.image
        #expect(blobs.names == [image.blob])
        // With its row in place it is held by the row.
        #expect(try test.vault.sweep(olderThan: .max) == 0)
    }

    @Test("it stops at a catalog that cannot be read, and removes nothing more")
    func unreadable() throws {
        let test = try TestVault(catalog: memory, blobs: blobs, clock: clock)
        defer { test.stop() }
        var rows = TestRows()
        for _ in 0..<3 { blobs.plant(rows.id(), []) }
        memory.faults.arm("holdsBlob", time: 2, .damaged)
        #expect(throws: StorageError.damaged) { try test.vault.sweep(olderThan: .max) }
        #expect(blobs.names.count == 2)
    }
}
