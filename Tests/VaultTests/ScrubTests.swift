// Scrubs: what they find, what they do about it, and what they leave alone.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Scrubs")
struct ScrubTests {
    let memory = MemoryCatalog()
    let store = MemoryBlobStore()
    let clock = ManualClock()

    private func vault() throws -> TestVault {
        try TestVault(
            catalog: memory, blobs: store, clock: clock, signer: TestKeys.logSigner())
    }

    private func begin(_ test: TestVault) async throws {
        _ = try await test.vault.startVerification(test.call(), at: nil) { _ in
            StoredAnswer(status: 202, body: [])
        }
    }

    private func run(_ test: TestVault, scrubs: Bool = false) async throws {
        let runner = OperationRunner(test.vault, share: 100, scrubs: scrubs) { _ in }
        while try await runner.turn() {}
    }

    private func row() throws -> OperationRow { try #require(memory.tables.operations.last) }

    @Test("what opens is counted, and nothing is changed")
    func sound() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.put(TestImages.large, as: TestClaim(owner: "o", job: "j"))
        let before = memory.tables.images
        try await begin(test)
        try await run(test)
        let row = try row()
        #expect((row.kind, row.state) == (.verify, .done))
        #expect((row.progress.done, row.progress.failures, row.progress.found) == (2, 0, 0))
        #expect(memory.tables.images == before)
        #expect(memory.tables.incidents.isEmpty)
    }

    @Test("damage of each kind is listed, quarantined with its event, and one incident")
    func damage() async throws {
        let test = try vault()
        defer { test.stop() }
        let (flipped, missing) = (
            try await test.put(TestImages.small).image, try await test.put(TestImages.other).image
        )
        let sound = try await test.put(TestImages.jpeg, name: "photo.jpg").image
        store.tamper(flipped.blob) { $0[$0.count - 1] ^= 1 }
        try store.remove(missing.blob)
        try await begin(test)
        try await run(test)
        let row = try row()
        #expect((row.progress.done, row.progress.failures, row.progress.found) == (3, 2, 2))
        #expect(memory.tables.findings.map(\.code) == [.blobDamaged, .blobMissing])
        let quarantined = memory.tables.images.filter { $0.quarantinedMicroseconds != nil }
        #expect(quarantined.map(\.image) == [flipped.image, missing.image])
        #expect(try await refusal { _ = try await test.get(flipped.image) } == .quarantined)
        #expect(try await test.get(sound.image) == TestImages.jpeg)
        let events = try test.log().filter { $0.action == "image.quarantined" }
        #expect(events.map(\.image) == quarantined.map(\.image.hex))
        #expect(memory.tables.incidents.count == 1)
    }

    @Test("a claim whose words do not open is damage of its image")
    func claim() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        memory.tamper { $0.references[0].sealedBody[0] ^= 1 }
        try await begin(test)
        try await run(test)
        #expect(try row().progress.failures == 1)
    }

    @Test("what opens is opened once, and what opens the second time is sound")
    func twice() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await begin(test)
        store.faults.arm("open", time: 2, .missing)
        try await run(test)
        #expect(store.faults.failed == nil)
        for error in [StorageError.missing, .damaged, .unavailable(5)] {
            try await begin(test)
            store.faults.arm("open", error)
            try await run(test)
            #expect(store.faults.failed == "open")
            #expect(try row().state == .done && memory.tables.findings.isEmpty, "\(error)")
        }
    }

    @Test("a disk that does not answer is no damage, and what is on it was not verified")
    func transient() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await begin(test)
        store.faults.kill(atStep: 1)
        try await run(test)
        #expect(memory.tables.findings.map(\.code) == [.storageUnavailable])
        #expect(memory.tables.images.allSatisfy { $0.quarantinedMicroseconds == nil })
        #expect(memory.tables.incidents.isEmpty)
        let failed = try row()
        #expect(failed.state == .failed && failed.failure == .storageUnavailable)
        #expect(test.vault.measures().rows?.lastScrub == nil)
        store.faults.disarm()
        try await begin(test)
        try await run(test)
        #expect(try row().state == .done)
    }

    @Test("an incident that could not be opened at first is opened at the end, and once")
    func incident() async throws {
        let faults = Faults()
        let test = try TestVault(
            catalog: memory, blobs: store, clock: clock, signer: TestKeys.logSigner(),
            cases: MemoryCaseFiles(faults: faults))
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        try store.remove(image.blob)
        try await begin(test)
        faults.arm("createCase", .unavailable(5))
        try await run(test)
        #expect(faults.failed == "createCase")
        let scrub = try row()
        let opened = try #require(memory.tables.incidents.first)
        #expect(opened.note.text.hasPrefix("verify \(scrub.operation.hex): images that did not"))
        // What is under quarantine already was told of.
        try await begin(test)
        try await run(test)
        let again = try row()
        #expect((again.progress.failures, again.progress.found) == (1, 0))
        #expect(memory.tables.incidents.count == 1)
    }

    @Test("the rows are compared with the log: what was put back is found, and is an incident")
    func putBack() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        let before = memory.tables
        try await test.delete(image)
        memory.tamper { ($0.images, $0.references) = (before.images, before.references) }
        try await begin(test)
        try await run(test)
        #expect(try row().state == .done)
        #expect(memory.tables.findings.contains { $0.code == .rowRolledBack })
        #expect(memory.tables.incidents.count == 1)
    }

    @Test("what opens everything waits for other operations, which do not wait for it")
    func patience() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await begin(test)
        let inspection = try await test.reinspect()
        let runner = OperationRunner(test.vault, share: 100) { _ in }
        while try await !test.operation(inspection).state.isFinal { _ = try await runner.turn() }
        let verify = try #require(memory.tables.operations.first)
        #expect((verify.kind, verify.state) == (.verify, .pending))
        try await run(test)
        #expect(memory.tables.operations.allSatisfy { $0.state == .done })
    }

    @Test("after a stop in the middle it goes on behind its cursor")
    func resumed() async throws {
        let test = try vault()
        let count = Limits.scrubStepImages + 4
        for width in 1...count {
            var picture = TestPNG.color
            picture.width = width
            try await test.put(picture.bytes)
        }
        try await begin(test)
        let runner = OperationRunner(test.vault, share: 100) { _ in }
        #expect(try await runner.turn())
        let half = try row()
        #expect(half.state == .running && half.progress.done > 0 && half.progress.done < count)
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        try await run(again)
        let whole = try row()
        #expect(whole.operation == half.operation && whole.state == .done)
        #expect((whole.progress.done, whole.progress.total) == (count, count))
    }

    @Test("a disk that is not mounted quarantines some images and no more")
    func cap() async throws {
        let test = try vault()
        defer { test.stop() }
        for width in 1...Limits.scrubQuarantines + 3 {
            var picture = TestPNG.color
            picture.width = width
            let image = try await test.put(picture.bytes).image
            try store.remove(image.blob)
        }
        try await begin(test)
        try await run(test)
        let row = try row()
        #expect(row.progress.failures == Limits.scrubQuarantines + 3)
        #expect(row.progress.found == Limits.scrubQuarantines)
        let quarantined = memory.tables.images.count { $0.quarantinedMicroseconds != nil }
        #expect(quarantined == Limits.scrubQuarantines)
        #expect(memory.tables.incidents.count == 1)
        let state = try await test.vault.incident(memory.tables.incidents[0].incident, test.call())
        let noted = try #require(state.entries?.last)
        #expect(noted.contains("did not open: 35 of 35;"))
        #expect(noted.contains("32 are quarantined at most"))
    }

    @Test("a scheduled one begins when the last is old, and goes on after a stop")
    func schedule() async throws {
        let test = try vault()
        #expect(try await !test.vault.scrubIfDue(everyDays: 7, creator: 0), "nothing is stored")
        try await test.put(TestImages.small)
        #expect(try await !test.vault.scrubIfDue(everyDays: 7, creator: 0), "it is new")
        clock.advance(microseconds: 7 * 86_400_000_000)
        #expect(try await test.vault.scrubIfDue(everyDays: 7, creator: 0))
        #expect(try await !test.vault.scrubIfDue(everyDays: 7, creator: 0))
        // The other operations' runner leaves it alone.
        try await run(test)
        #expect(try row().state == .pending)
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        try await run(again, scrubs: true)
        #expect(try row().state == .done)
        #expect(again.vault.measures().rows?.lastScrub == clock.nowMicroseconds())
        #expect(try await !again.vault.scrubIfDue(everyDays: 7, creator: 0))
        clock.advance(microseconds: 7 * 86_400_000_000)
        #expect(try await again.vault.scrubIfDue(everyDays: 7, creator: 0))
    }

    @Test("a restored vault opens everything anew, whatever was opened elsewhere")
    func restored() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.vault.scrubRestored(creator: 0)
        #expect(memory.tables.operations.isEmpty, "nothing is stored")
        try await test.put(TestImages.small)
        try await begin(test)
        try await run(test)
        try await begin(test)
        #expect(memory.tables.operations.map(\.state) == [.done, .pending])
        clock.advance(microseconds: 1)
        try await test.vault.scrubRestored(creator: 7)
        #expect(memory.tables.operations.map(\.state) == [.done, .cancelled, .pending])
        #expect(try (row().kind, row().creator, row().progress.done) == (.scrub, 7, 0))
        let actions = try test.log().map(\.action)
        #expect(actions.suffix(2) == ["operation.cancelled", "operation.started"])
        try await run(test, scrubs: true)
        #expect(try (row().state, row().progress.done) == (.done, 1))
        #expect(test.vault.measures().rows?.lastScrub == clock.nowMicroseconds())
    }

    @Test("a scrub that does not verify keeps nothing from coming back")
    func restoredDamagedRow() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await begin(test)
        memory.tamper { $0.operations[0].changedAt += 1 }
        let before = memory.tables.operations
        try await test.vault.scrubRestored(creator: 0)
        #expect(memory.tables.operations == before)
    }

    @Test("the age is the oldest image's, and once a scrub came to its end, that scrub's")
    func ages() async throws {
        func age(_ test: TestVault) -> UInt64? { test.vault.measures().unverifiedSeconds }
        func later() { clock.advance(microseconds: Limits.rowCountSeconds * 1_000_000) }
        let wait = UInt64(Limits.rowCountSeconds)
        let test = try vault()
        defer { test.stop() }
        #expect(age(test) == 0, "nothing is stored")
        try await test.put(TestImages.small)
        later()
        #expect(age(test) == wait)
        try await begin(test)
        later()
        #expect(age(test) == 2 * wait, "it did not come to its end")
        try await run(test)
        try await test.put(TestImages.other)
        later()
        #expect(age(test) == 2 * wait, "since it began")
        let begun = try row().createdMicroseconds
        #expect(test.vault.doctorFacts().unverifiedSince == .some(begun))
    }

    @Test("the one that tells how old everything is outlasts other operations")
    func remembered() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await begin(test)
        try await run(test)
        let scrub = try row().operation
        for _ in 0...Limits.finishedOperations {
            let row = OperationRow(
                row: 0, operation: try Random.id(), kind: .check, parameters: [], creator: 0,
                createdMicroseconds: 1, state: .cancelled,
                progress: OperationProgress(last: 0, total: 0), failure: nil,
                updatedMicroseconds: 1, changedAt: 0, mac: RowMAC(checked: []))
            memory.tamper { tables in
                var row = row
                row.row = (tables.operations.last?.row ?? 0) + 1
                tables.operations.append(row)
            }
        }
        try await begin(test)
        #expect(memory.tables.operations.contains { $0.operation == scrub })
        #expect(memory.tables.operations.count == Limits.finishedOperations + 2)
    }
}
