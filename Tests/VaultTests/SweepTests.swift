// The sweep removes what a crash left between blob and row, and nothing else.

import Foundation
import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Sweep")
struct SweepTests {
    private let blobs = MemoryBlobStore()
    private let memory = MemoryCatalog()

    @Test("it removes exactly the blobs without a row")
    func exactly() async throws {
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        var rows = TestRows()
        let kept = [
            try await test.put(TestImages.small).image.blob,
            try await test.put(TestImages.other, as: TestClaim(in: TestKeys.clinic)).image.blob,
        ]
        let leftovers: [BlobID] = [rows.id(), rows.id(), rows.id()]
        for blob in leftovers { blobs.plant(blob, [1, 2, 3]) }
        #expect(try test.vault.sweep() == leftovers.count)
        #expect(blobs.names == Set(kept))
        #expect(try test.vault.sweep() == 0)
    }

    @Test("it leaves a blob alone that is being written")
    func unfinished() async throws {
        let gate = GatedCatalog(memory)
        let test = try TestVault(catalog: gate, blobs: blobs)
        defer { test.stop() }
        let tasks = StepExecutor()
        gate.close()
        let put = tasks.start { try await test.put(TestImages.small) }
        gate.awaitArrival()
        #expect(blobs.names.count == 1)
        #expect(try test.vault.sweep() == 0)
        gate.open()
        tasks.release()
        let image = try await put.value.image
        #expect(blobs.names == [image.blob])
        // With its row in place it is held by the row.
        #expect(try test.vault.sweep() == 0)
    }

    @Test("it stops at a catalog that cannot be read, and removes nothing more")
    func unreadable() throws {
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        var rows = TestRows()
        for _ in 0..<3 { blobs.plant(rows.id(), []) }
        memory.faults.arm("holdsBlob", time: 2, .damaged)
        #expect(throws: StorageError.damaged) { try test.vault.sweep() }
        #expect(blobs.names.count == 2)
    }
    @Test("one that fails is tried again, and the purge waits for it")
    func again() async throws {
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        let receipt = try await test.delete(test.put(TestImages.small).image.image).receipt
        var rows = TestRows()
        blobs.plant(rows.id(), [])
        let failures = Mutex(0)
        let rests = Mutex<[Int64]>([])
        memory.faults.arm("holdsBlob", time: 1, .damaged)
        let runner = SweepRunner(test.vault) { pause in rests.withLock { $0.append(pause) } }
        #expect(await runner.run { _ in failures.withLock { $0 += 1 } } == 1)
        #expect(failures.withLock(\.self) == 1)
        #expect(rests.withLock(\.self) == [Limits.sweepRetryMilliseconds])
        #expect(try await PurgeRunner(test.vault).turn())
        #expect(try await test.receipt(receipt).level == .purged)
    }

    @Test("after a failed flush it removes nothing: nobody knows what is named")
    func broken() async throws {
        let test = try TestVault(catalog: memory, blobs: blobs)
        defer { test.stop() }
        memory.faults.arm("commit", .unavailable(5))
        #expect(try await refusal { try await test.put(TestImages.small) } == .auditUnavailable)
        #expect(blobs.names.count == 1)
        #expect(throws: StorageError.unavailable(EIO)) { try test.vault.sweep() }
        #expect(blobs.names.count == 1)
    }
}
