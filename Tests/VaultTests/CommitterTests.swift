// The committer: one writer, change and event together, batches without a timer.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

/// A committer on a catalog with a gate before its writer.
final class CommitterFixture: Sendable {
    let memory = MemoryCatalog()
    let gate: GatedCatalog
    let keyring: Keyring
    let committer: Committer
    let tasks = StepExecutor()

    init(isSealed: Bool = false) throws {
        let keyring = try TestKeys.keyring()
        gate = GatedCatalog(memory)
        committer = try Committer(catalog: gate, outages: .lasting) { isSealed ? nil : keyring }
        self.keyring = keyring
    }

    /// An event that can be told apart by `number`.
    static func event(_ number: Int = 0, _ action: EventAction = .imagePut) -> Event {
        var event = Event(action, atMicroseconds: Int64(number))
        event.bytes = number
        return event
    }

    /// The closed gate, with one event waiting at it.
    func closeGate() {
        gate.close()
        committer.recordLater(Self.event())
        gate.awaitArrival()
    }

    func openGate() {
        gate.open()
        tasks.release()
    }

    /// Starts a commit that is in the queue when this returns.
    func enqueue(_ change: Change, _ number: Int = 0) -> Task<Committed, any Error> {
        tasks.start { [committer] in try await committer.commit(change, Self.event(number)) }
    }

    deinit { committer.stop() }
}

@Suite("Committer")
struct CommitterTests {
    private func put(
        _ rows: inout TestRows, image: ImageID? = nil, blob: BlobID? = nil,
        claim: ClaimIndex = .init(owner: nil, job: nil)
    ) -> Change {
        .put(
            image: rows.image(image, blob: blob),
            reference: rows.reference(of: 0, owner: claim.owner, job: claim.job))
    }

    @Test("a change and its event are one transaction")
    func oneTransaction() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        let committed = try await fixture.committer.commit(put(&rows), CommitterFixture.event())
        #expect(fixture.memory.transactions == 1)
        guard case .put(let image, let reference, nil) = committed.result else {
            Issue.record("\(committed.result)")
            return
        }
        #expect(try fixture.memory.image(image.image) == image)
        #expect(image.changedAt == committed.index && reference.changedAt == committed.index)
        #expect(try fixture.memory.events().map(\.index) == [committed.index])
    }

    @Test("rows that are committed carry authenticators under the event's index")
    func authenticators() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        try await fixture.committer.record(CommitterFixture.event())
        let offered = rows.image()
        _ = try await fixture.committer.commit(
            .put(image: offered, reference: rows.reference(of: 0)), CommitterFixture.event())
        let image = try #require(try fixture.memory.image(offered.image))
        try image.verify(with: fixture.keyring)
        let reference = try #require(try fixture.memory.references().first)
        try reference.verify(of: image, with: fixture.keyring)
        var moved = image
        moved.changedAt -= 1
        #expect(throws: VaultError(.rowDamaged)) { try moved.verify(with: fixture.keyring) }
    }

    @Test("a change that nobody waits for any more is not made, and the log says so")
    func abandoned() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        fixture.closeGate()
        let given = fixture.enqueue(put(&rows), 1)
        let wanted = fixture.enqueue(put(&rows), 2)
        given.cancel()
        fixture.openGate()
        await #expect(throws: VaultError(.deadlineExceeded).recorded) { try await given.value }
        #expect(try await wanted.value.index == 2)
        #expect(try fixture.memory.totals().images == 1)
        #expect(try fixture.memory.events().map(\.outcome) == [.done, .failed, .done])
    }

    @Test("indexes are dense, and in the order in which changes arrived")
    func order() async throws {
        let fixture = try CommitterFixture()
        for number in 0..<700 { fixture.committer.recordLater(CommitterFixture.event(number)) }
        #expect(try await fixture.committer.record(CommitterFixture.event(700)) == 700)
        let events = try fixture.memory.events()
        #expect(events.map(\.index) == Array(0...700))
        #expect(events.map(\.atMicroseconds) == Array(0...700))
    }

    @Test("the frontier is that of the durable events, in memory and in the catalog")
    func frontier() async throws {
        let fixture = try CommitterFixture()
        for number in 0..<33 {
            try await fixture.committer.record(CommitterFixture.event(number))
            let recomputed = try CatalogState.frontier(of: fixture.memory.events())
            #expect(fixture.committer.frontier == recomputed)
            #expect(try fixture.memory.frontier() == recomputed)
        }
    }

    @Test("a new committer goes on where the stored log ends")
    func goesOn() async throws {
        let fixture = try CommitterFixture()
        for number in 0..<5 { try await fixture.committer.record(CommitterFixture.event(number)) }
        fixture.committer.stop()
        let next = try Committer(catalog: fixture.memory) { nil }
        defer { next.stop() }
        #expect(try await next.record(CommitterFixture.event(5)) == 5)
        try CatalogState(fixture.memory).check()
    }

    @Test("what arrives while a flush runs is one batch")
    func batch() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        fixture.closeGate()
        let waiting = (1...20).map { fixture.enqueue(put(&rows), $0) }
        fixture.openGate()
        var indexes: [UInt64] = []
        for task in waiting { indexes.append(try await task.value.index) }
        #expect(indexes == Array(1...20))
        #expect(fixture.memory.transactions == 2)
        try CatalogState(fixture.memory).check()
    }

    @Test("a batch is bounded")
    func batchBound() async throws {
        let fixture = try CommitterFixture()
        fixture.closeGate()
        let count = 2 * Limits.commitBatch + 1
        for number in 1...count { fixture.committer.recordLater(CommitterFixture.event(number)) }
        fixture.openGate()
        fixture.committer.stop()
        #expect(fixture.memory.transactions == 4)
        #expect(try fixture.memory.events().count == 1 + count)
    }

    @Test("nobody is told that it is durable before it is")
    func acknowledgement() async throws {
        let fixture = try CommitterFixture()
        fixture.gate.close()
        let task = fixture.enqueue(.none)
        fixture.gate.awaitArrival()
        fixture.tasks.drain()
        #expect(try fixture.memory.events().isEmpty)
        #expect(fixture.committer.frontier == .empty)
        fixture.openGate()
        #expect(try await task.value.index == 0)
        #expect(try fixture.memory.events().count == 1)
    }

    @Test("a refused change leaves its refusal as the event, and no change")
    func refusedChange() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        let image: ImageID = rows.id()
        let drop = Change.drop(
            image: image, namespace: .standard, claim: .init(owner: nil, job: nil),
            receipt: rows.id())
        let error = await #expect(throws: VaultError.self) {
            try await fixture.committer.commit(drop, CommitterFixture.event(0, .imageDelete))
        }
        #expect(error?.code == .unknownImage)
        #expect(error?.isRecorded == true)
        let events = try fixture.memory.events()
        #expect(events.map(\.outcome) == [.refused])
        #expect(events.map(\.action) == [.imageDelete])
        #expect(try fixture.memory.totals().images == 0)
    }

    @Test("a refused change does not hinder the others of its batch")
    func refusedAmongOthers() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        fixture.closeGate()
        let first = fixture.enqueue(put(&rows))
        let refused = fixture.enqueue(
            .drop(
                image: rows.id(), namespace: .standard, claim: .init(owner: nil, job: nil),
                receipt: rows.id()))
        let last = fixture.enqueue(put(&rows))
        fixture.openGate()
        #expect(try await first.value.index == 1)
        await #expect(throws: VaultError(.unknownImage).recorded) { try await refused.value }
        #expect(try await last.value.index == 3)
        #expect(fixture.memory.transactions == 2)
        try CatalogState(fixture.memory).check()
    }

    @Test("a change that the catalog cannot take fails alone, and leaves the log dense")
    func damagedAlone() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        let blob: BlobID = rows.id()
        _ = try await fixture.committer.commit(
            put(&rows, blob: blob), CommitterFixture.event())
        fixture.closeGate()
        let before = fixture.enqueue(put(&rows))
        let collides = fixture.enqueue(put(&rows, blob: blob))
        let after = fixture.enqueue(put(&rows))
        fixture.openGate()
        #expect(try await before.value.index == 2)
        await #expect(throws: VaultError(.catalogDamaged).recorded) { try await collides.value }
        #expect(try await after.value.index == 3)
        try CatalogState(fixture.memory).check()
    }

    @Test("two puts of one image in one batch are one image with both claims")
    func sameImageInBatch() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        let image: ImageID = rows.id()
        fixture.closeGate()
        let one = fixture.enqueue(put(&rows, image: image))
        let other = fixture.enqueue(
            put(&rows, image: image, claim: .init(owner: rows.id(), job: nil)))
        fixture.openGate()
        guard case .put(let kept, _, nil) = try await one.value.result,
            case .put(let same, _, let unused?) = try await other.value.result
        else {
            Issue.record("the second blob is unused")
            return
        }
        #expect(kept == same && unused != kept.blob)
        #expect(try fixture.memory.totals().references == 2)
        try CatalogState(fixture.memory).check()
    }

    @Test("a known row whose authenticator is wrong gets no new claim")
    func damagedKnownRow() async throws {
        let fixture = try CommitterFixture()
        var rows = TestRows()
        let image: ImageID = rows.id()
        _ = try await fixture.committer.commit(
            put(&rows, image: image), CommitterFixture.event())
        fixture.memory.tamper { $0.images[0].mac = rows.id() }
        let claim = ClaimIndex(owner: rows.id(), job: nil)
        await #expect(throws: VaultError(.rowDamaged).recorded) {
            try await fixture.committer.commit(
                put(&rows, image: image, claim: claim), CommitterFixture.event())
        }
        #expect(try fixture.memory.events().map(\.outcome) == [.done, .failed])
        #expect(try fixture.memory.totals().references == 1)
    }

    @Test("while the vault is sealed no change is made, and events hold only numbers and codes")
    func sealedCommitter() async throws {
        let fixture = try CommitterFixture(isSealed: true)
        var rows = TestRows()
        var event = CommitterFixture.event()
        event.caller = TestVault.caller
        event.image = rows.id()
        await #expect(throws: VaultError(.sealed).recorded) {
            try await fixture.committer.commit(put(&rows), event)
        }
        let row = try #require(try fixture.memory.events().first)
        #expect(row.image == nil)
        guard case .clear(let content) = row.content else {
            Issue.record("the body is sealed under a key that is not there")
            return
        }
        let body = String(decoding: content.dropFirst(32), as: UTF8.self)
        #expect(body.contains(#""code":"sealed","door":"images","uid":1001,"gid":1002,"pid":0}"#))
        #expect(try fixture.memory.totals().images == 0)
    }
}
