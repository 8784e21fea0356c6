// A request that comes again under its sender's key is carried out once.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A request under a key of its sender")
struct IdempotencyTests {
    @Test("is carried out once, and gets the same answer each time")
    func same() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let first = try await test.reinspect(under: "k1")
        let second = try await test.reinspect(under: "k1")
        #expect(first == second)
        #expect(first.status == 202)
        #expect(try await test.operations().count == 1)
        #expect(
            try test.log().map(\.summary).suffix(3) == [
                "operation.started done", "request.repeated done", "operation.read done",
            ])
        let log = try test.log()
        let started = try #require(log.last { $0.action == "operation.started" })
        #expect(log.last { $0.action == "request.repeated" }?.begunAt == started.index)
    }

    @Test("gets the same answer from the daemon's next run")
    func restart() async throws {
        let test = try TestVault()
        let first = try await test.reinspect(under: "k1")
        test.stop()
        let next = try test.reopened()
        defer { next.stop() }
        #expect(try await next.reinspect(under: "k1") == first)
        #expect(try await next.operations().count == 1)
    }

    @Test("is refused when the key was another request's")
    func reused() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.reinspect(under: "k1")
        #expect(
            try await refusal { try await test.reinspect(under: "k1", text: "other") }
                == .idempotencyKeyReused)
        #expect(try test.log().last?.summary == "operation.started refused idempotency-key-reused")
    }

    @Test("is another one for another user, another door or another namespace")
    func principals() async throws {
        let test = try TestVault()
        defer { test.stop() }
        try await test.reinspect(under: "k1")
        for call in [
            test.call(uid: 7), test.call(door: .admin), test.call(TestKeys.clinic),
        ] {
            // It is carried out, and meets the operation that stands.
            #expect(
                try await refusal { try await test.reinspect(under: "k1", as: call) }
                    == .operationConflict)
        }
    }

    @Test("is carried out again when its first was refused")
    func refused() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let standing = try await test.reinspect()
        #expect(
            try await refusal { try await test.reinspect(under: "k1") } == .operationConflict)
        try await test.cancel(standing)
        let now = try await test.reinspect(under: "k1")
        #expect(now != standing)
        #expect(try await test.operations().count == 2)
    }

    @Test("is carried out again after 24 hours, and what is too old is removed")
    func expiry() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let first = try await test.reinspect(under: "k1")
        try await test.cancel(first)
        test.clock.advance(microseconds: Limits.idempotencySeconds * 1_000_000)
        #expect(try await test.reinspect(under: "k1") == first)
        test.clock.advance(microseconds: 1)
        let second = try await test.reinspect(under: "k2")
        #expect(memory.tables.answers.count == 1)
        try await test.cancel(second)
        #expect(try await test.reinspect(under: "k1") != first)
    }

    @Test("is refused while the first is being answered")
    func inUse() async throws {
        let gate = GatedCatalog(MemoryCatalog())
        let test = try TestVault(catalog: gate)
        defer { test.stop() }
        let tasks = StepExecutor()
        gate.close()
        let first = tasks.start { try await test.reinspect(under: "k1") }
        gate.awaitArrival()
        // The second is refused before the gate opens; only its event waits behind it.
        let second = tasks.start { try await refusal { try await test.reinspect(under: "k1") } }
        gate.open()
        tasks.release()
        #expect(try await second.value == .idempotencyKeyInUse)
        #expect(try await first.value.status == 202)
    }

    @Test("is not taken any more from who has too many kept answers")
    func bounded() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let first = try await test.reinspect(under: "k1")
        try await test.cancel(first)
        let principal = try #require(memory.tables.answers.first?.principal)
        var rows = TestRows()
        let others = (1..<Limits.idempotencyKeysPerPrincipal).map { _ in
            rows.answer(of: principal, at: test.clock.nowMicroseconds())
        }
        memory.tamper { $0.answers += others }
        #expect(try await refusal { try await test.reinspect(under: "k2") } == .overloaded)
        #expect(try await test.reinspect(under: "k1") == first)
        #expect(try await test.operations().count == 1)
        // What nobody is given any more keeps nobody out, however much of it there is.
        test.clock.advance(microseconds: Limits.idempotencySeconds * 1_000_000 + 1)
        #expect(try await test.reinspect(under: "k2") != first)
        #expect(
            memory.tables.answers.count
                == Limits.idempotencyKeysPerPrincipal - Limits.idempotencySweep + 1)
    }

    @Test("is refused before it is carried out where its answer could not be kept")
    func noRoom() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.cancel(try await test.reinspect(under: "k1"))
        let principal = try #require(memory.tables.answers.first?.principal)
        var rows = TestRows()
        let others = (1..<Limits.idempotencyKeysPerPrincipal).map { _ in
            rows.answer(of: principal, at: test.clock.nowMicroseconds())
        }
        let request = RepeatableRequest(
            key: try IdempotencyKey("k2"), digest: LogHash.digest([1]))
        let told = StoredAnswer(status: 201, body: [1])
        let carriedOut = Mutex(0)
        let add = { () async throws in
            try await test.vault.once(request, .slotAdded, test.call()) {
                (place) async throws(VaultError) in
                carriedOut.withLock { $0 += 1 }
                // Somebody else fills the room while this one works.
                memory.tamper { $0.answers += others }
                if let place {
                    try await test.vault.keep(told, at: place, telling: .slotsRead, test.call())
                }
                return told
            }
        }
        #expect(try await add() == told)
        #expect(try await add() == told)
        #expect(carriedOut.withLock { $0 } == 1)
        let third = RepeatableRequest(
            key: try IdempotencyKey("k3"), digest: LogHash.digest([1]))
        let code = try await refusal {
            _ = try await test.vault.once(third, .slotAdded, test.call()) { _ in
                carriedOut.withLock { $0 += 1 }
                return told
            }
        }
        #expect(code == .overloaded)
        #expect(carriedOut.withLock { $0 } == 1)
    }

    @Test("is not answered from a row that was changed or moved")
    func damaged() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.reinspect(under: "k1")
        let row = try #require(memory.tables.answers.first)
        let changes = [
            KeptAnswerRow(
                lookup: row.lookup, principal: row.principal,
                createdMicroseconds: row.createdMicroseconds + 1, index: row.index,
                sealed: row.sealed),
            KeptAnswerRow(
                lookup: row.lookup, principal: row.principal,
                createdMicroseconds: row.createdMicroseconds, index: row.index + 1,
                sealed: row.sealed),
            KeptAnswerRow(
                lookup: row.lookup, principal: row.principal,
                createdMicroseconds: row.createdMicroseconds, index: row.index,
                sealed: row.sealed.dropLast() + [row.sealed[row.sealed.count - 1] ^ 1]),
        ]
        for change in changes {
            memory.tamper { $0.answers = [change] }
            #expect(
                try await refusal { try await test.reinspect(under: "k1") } == .rowDamaged)
        }
    }
}
