// The committer at its limits: a full queue, a full disk, a failed flush, the end.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Committer at its limits")
struct CommitterLifeTests {
    @Test("when the queue is full, the next change is told that the vault is busy")
    func overloaded() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        for _ in 0..<(Limits.commitQueue - 1) {
            fixture.committer.recordLater(CommitterFixture.event())
        }
        let last = fixture.enqueue(.none)
        let refused = fixture.enqueue(.none)
        fixture.openGate()
        await #expect(throws: VaultError(.overloaded).recorded) { try await refused.value }
        #expect(try await last.value.index == UInt64(Limits.commitQueue))
        // It takes changes again when there is room.
        try await fixture.committer.record(CommitterFixture.event())
    }

    @Test("what completes a record may exceed the queue's bound")
    func completionExceeds() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        for _ in 0...Limits.commitQueue {
            fixture.committer.recordLater(CommitterFixture.event())
        }
        fixture.openGate()
        fixture.committer.stop()
        #expect(try fixture.memory.events().count == Limits.commitQueue + 2)
    }

    @Test("what nobody waits for rides along, and goes by itself where nothing else does")
    func along() async throws {
        let fixture = try CommitterFixture()
        func durable(_ count: Int) async throws {
            while try fixture.memory.events().count < count {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        fixture.closeGate()
        for number in 1...3 { fixture.committer.recordAlong(CommitterFixture.event(number)) }
        fixture.openGate()
        try await durable(4)
        // The writer looked once more, and sleeps.
        try await Task.sleep(for: .milliseconds(3 * Limits.commitDozeMilliseconds))
        fixture.committer.recordAlong(CommitterFixture.event(4))
        try await durable(5)
        fixture.committer.recordAlong(CommitterFixture.event(5))
        fixture.committer.stop()
        #expect(try fixture.memory.events().count == 6)
    }

    @Test("a sign of life comes when what is being written is written, and leaves no event")
    func signOfLife() async throws {
        let fixture = try CommitterFixture()
        await withCheckedContinuation { asked in fixture.committer.ask { asked.resume() } }
        #expect(try fixture.memory.events().isEmpty)
        let order = Mutex<[String]>([])
        fixture.closeGate()
        let (signs, sign) = AsyncStream.makeStream(of: Void.self)
        fixture.committer.ask {
            order.withLock { $0.append("sign") }
            sign.finish()
        }
        order.withLock { $0.append("gate") }
        fixture.openGate()
        for await _ in signs {}
        #expect(order.withLock { $0 } == ["gate", "sign"])
        #expect(try fixture.memory.events().count == 1)
    }

    @Test("stop writes what waits, and answers it")
    func stopWrites() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        let waiting = (0..<Limits.commitBatch + 10).map { fixture.enqueue(.none, $0) }
        fixture.openGate()
        fixture.committer.stop()
        #expect(try fixture.memory.events().count == 1 + waiting.count)
        for task in waiting { _ = try await task.value }
    }

    @Test("after stop nothing is taken any more, and a second stop returns")
    func stopped() async throws {
        let fixture = try CommitterFixture()
        fixture.committer.stop()
        fixture.committer.stop()
        await #expect(throws: VaultError(.auditUnavailable).recorded) {
            try await fixture.committer.record(CommitterFixture.event())
        }
        fixture.committer.recordLater(CommitterFixture.event())
        #expect(try fixture.memory.events().isEmpty)
    }

    @Test("after a flush that failed the committer takes nothing, whatever the disk does later")
    func broken() async throws {
        let fixture = try CommitterFixture()
        fixture.memory.faults.arm("setFrontier", .unavailable(5))
        for _ in 0..<3 {
            await #expect(throws: VaultError(.auditUnavailable).recorded) {
                try await fixture.committer.record(CommitterFixture.event())
            }
        }
        #expect(fixture.committer.isBroken)
        #expect(fixture.memory.transactions == 0)
    }

    @Test("what waited for a flush that failed is refused and not written")
    func brokenWaiting() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        let waiting = (0..<Limits.commitBatch + 1).map { fixture.enqueue(.none, $0) }
        fixture.memory.faults.arm(step: 1, .unavailable(5))
        fixture.openGate()
        for task in waiting {
            await #expect(throws: VaultError(.auditUnavailable).recorded) { try await task.value }
        }
        #expect(try fixture.memory.events().isEmpty)
        #expect(fixture.committer.frontier == .empty)
    }

    @Test("when a batch is taken apart and a flush fails, the rest of it is not written")
    func brokenPart() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        var rows = TestRows()
        let blob: BlobID = rows.id()
        let tasks = (0..<4).map { number in
            fixture.enqueue(
                .put(
                    image: rows.image(blob: number < 2 ? blob : nil),
                    reference: rows.reference(of: 0)))
        }
        // The event at the gate, the whole batch, the first change alone, the second alone.
        fixture.memory.faults.arm("begin", time: 4, .unavailable(5))
        fixture.openGate()
        var answers: [ErrorCode?] = []
        for task in tasks { answers.append(try await refusal { _ = try await task.value }) }
        #expect(fixture.memory.faults.failed == "begin")
        #expect(fixture.memory.transactions == 2)
        #expect(answers == [nil, .auditUnavailable, .auditUnavailable, .auditUnavailable])
        try CatalogState(fixture.memory).check()
    }

    @Test("a full disk refuses, and the committer goes on when there is room")
    func full() async throws {
        let fixture = try CommitterFixture()
        fixture.memory.faults.arm(step: 2, .full)
        await #expect(throws: VaultError(.storageFull).recorded) {
            try await fixture.committer.record(CommitterFixture.event())
        }
        #expect(!fixture.committer.isBroken)
        #expect(try await fixture.committer.record(CommitterFixture.event()) == 0)
        try CatalogState(fixture.memory).check()
    }

    @Test("a committer does not start on a catalog that cannot be read")
    func unreadable() {
        let catalog = MemoryCatalog()
        catalog.faults.arm(step: 1, .damaged)
        #expect(throws: StorageError.damaged) { try Committer(catalog: catalog) { nil } }
    }
}
