// What is measured of a vault, and how seldom its rows are counted for it.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Measures")
struct MeasuresTests {
    @Test("rows are counted once a minute, whoever asks")
    func counts() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        #expect(test.vault.measures().rows?.totals.images == 1)
        try await test.put(TestImages.other)
        test.clock.advance(microseconds: Limits.rowCountSeconds * 1_000_000 - 1)
        #expect(test.vault.measures().rows?.totals.images == 1)
        test.clock.advance(microseconds: 1)
        let rows = try #require(test.vault.measures().rows)
        #expect(rows.totals.images == 2)
        #expect(rows.census == [1: 4])
    }

    @Test("a catalog that cannot be read leaves out its rows, and is read again at once")
    func unreadable() async throws {
        let faults = Faults()
        let test = try TestVault(catalog: MemoryCatalog(faults: faults))
        defer { test.stop() }
        try await test.put(TestImages.small)
        faults.arm(step: 1, .unavailable(5))
        let measures = test.vault.measures()
        #expect(faults.failed != nil)
        faults.disarm()
        #expect(measures.rows == nil)
        #expect(!measures.isSealed)
        #expect(test.vault.measures().rows?.totals.images == 1)
    }

    @Test("an epoch that was emptied is told with zero keys, one that was destroyed not at all")
    func emptied() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotateWholly()
        #expect(test.vault.measures().wraps == [1: 0, 2: 2])
        try await test.destroy(1)
        #expect(test.vault.measures().wraps == [2: 2])
    }

    @Test("they leave no event")
    func silent() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let size = test.vault.measures().logSize
        #expect(test.vault.measures().logSize == size)
        #expect(try test.log().count == Int(size))
    }

    @Test("a sealed vault tells its rows, and neither generation nor proofs")
    func sealed() async throws {
        let test = try TestVault()
        try await test.put(TestImages.small)
        test.stop()
        let sealed = try test.reopened(isSealed: true)
        defer { sealed.stop() }
        let measures = sealed.vault.measures()
        #expect(measures.isSealed && !measures.isReady)
        #expect(measures.keyringGeneration == nil)
        #expect(measures.slots.isEmpty)
        #expect(measures.rows?.totals.images == 1)
    }

    @Test("each batch that became durable is counted, with its entries")
    func batches() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        for number in 1...3 { fixture.committer.recordLater(CommitterFixture.event(number)) }
        // One is with the catalog, and three wait.
        #expect(fixture.committer.lag.events == 4)
        #expect(fixture.committer.measures.figures.batches.count == 0)
        fixture.openGate()
        try await fixture.committer.record(CommitterFixture.event(4))
        let figures = fixture.committer.measures.figures
        #expect(figures.batches.sum == 5)
        #expect(figures.durations.count == figures.batches.count)
        #expect(figures.flushes.count == figures.batches.count)
        #expect(figures.flushes.sum <= figures.durations.sum)
        #expect(fixture.committer.stop())
        #expect(fixture.committer.lag.events == 0)
        #expect(fixture.committer.lag.oldestMicroseconds == 0)
    }

    @Test("a batch that was not written is not counted as one")
    func refusedBatch() async throws {
        let faults = Faults()
        let keyring = try TestKeys.keyring()
        let committer = try Committer(
            catalog: MemoryCatalog(faults: faults), outages: .lasting
        ) { keyring }
        defer { committer.stop() }
        faults.kill(atStep: 1)
        await #expect(throws: VaultError.self) {
            try await committer.record(CommitterFixture.event())
        }
        #expect(faults.failed != nil)
        #expect(committer.measures.figures.batches.count == 0)
    }
}
