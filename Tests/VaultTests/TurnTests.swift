// Turns between principals, without a clock and without threads.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Turns")
struct TurnTests {
    @Test("are all one's own while nobody else asks, and then wait in order")
    func alone() {
        let table = Table(turns: 4, beside: 2)
        for ticket in 1...4 { #expect(table.ask("a", UInt64(ticket), at: 0) == [UInt64(ticket)]) }
        for ticket in 5...7 { #expect(table.ask("a", UInt64(ticket), at: 0).isEmpty) }
        for ticket in 5...7 { #expect(table.end("a", at: 0) == [UInt64(ticket)]) }
        #expect(table.running == 4)
    }

    @Test("come at once to whoever asks for little, beside one that asks without end")
    func quiet() {
        let table = Table(turns: 4, beside: 2)
        for ticket in 1...200 { _ = table.ask("noisy", UInt64(ticket), at: 0) }
        // It had all four. The first that ends is the quiet one's.
        #expect(table.ask("quiet", 1000, at: 0).isEmpty)
        #expect(table.end("noisy", at: 0) == [1000])
        #expect(table.end("quiet", at: 0).isEmpty)
        // From now on there is a free one: the noisy one has its share and no more.
        #expect(table.end("noisy", at: 0).isEmpty)
        for ticket in 1001...1100 {
            #expect(table.ask("quiet", UInt64(ticket), at: 0) == [UInt64(ticket)])
            #expect(table.end("quiet", at: 0).isEmpty)
            #expect(table.end("noisy", at: 0).count == 1)
        }
    }

    @Test("are all one's own again when the other has asked for nothing for a while")
    func lingering() {
        let table = Table(turns: 4, beside: 2)
        #expect(table.ask("quiet", 1, at: 0) == [1])
        #expect(table.end("quiet", at: 0).isEmpty)
        for ticket in 2...9 { _ = table.ask("noisy", UInt64(ticket), at: 0) }
        #expect(table.running == 2)
        #expect(table.end("noisy", at: 999).count == 1)
        #expect(table.end("noisy", at: 1000).count == 3)
    }

    @Test("go round between those who wait")
    func round() {
        let table = Table(turns: 1, beside: 1)
        #expect(table.ask("a", 1, at: 0) == [1])
        for ticket in 2...4 { _ = table.ask("a", UInt64(ticket), at: 0) }
        for ticket in 11...12 { _ = table.ask("b", UInt64(ticket), at: 0) }
        _ = table.ask("c", 21, at: 0)
        var order: [UInt64] = []
        var running = "a"
        while let next = table.end(running, at: 0).first {
            order.append(next)
            running = next > 20 ? "c" : next > 10 ? "b" : "a"
        }
        #expect(order == [2, 11, 21, 3, 12, 4])
    }

    @Test("pass by who left")
    func leave() {
        let table = Table(turns: 1, beside: 1)
        for ticket in 1...3 { _ = table.ask("a", UInt64(ticket), at: 0) }
        #expect(table.leave("a", 2))
        #expect(!table.leave("a", 2) && !table.leave("a", 1) && !table.leave("b", 9))
        #expect(table.end("a", at: 0) == [3])
        #expect(table.end("a", at: 0).isEmpty && table.running == 0)
    }

    @Test("of many at once never are more than there are, and each gets its own")
    func tasks() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let turns = test.vault.turns
        let name = try PrincipalName("a")
        let watch = Watch()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<2 * Limits.turns {
                group.addTask {
                    try await turns.take(name) {
                        watch.most.withLock { $0 = max($0, turns.running) }
                        while !watch.isOpen.withLock({ $0 }) {
                            try await Task.sleep(for: .milliseconds(1))
                        }
                        return number
                    }
                }
            }
            while turns.running + turns.waiting < 2 * Limits.turns { await Task.yield() }
            #expect(turns.running == Limits.turns)
            watch.isOpen.withLock { $0 = true }
            return try await group.reduce(0, +)
        }
        #expect(sum == Limits.turns * (2 * Limits.turns - 1))
        #expect(watch.most.withLock { $0 } <= Limits.turns && turns.running == 0)
    }

    @Test("are not waited for by who gave up")
    func cancelled() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let (a, b) = (try PrincipalName("a"), try PrincipalName("b"))
        let holders = (0..<Limits.turns).map { _ in
            Task {
                try await test.vault.turns.take(a) { try? await Task.sleep(for: .seconds(3600)) }
            }
        }
        while test.vault.turns.running < Limits.turns { await Task.yield() }
        let waiter = Task { try await test.vault.turns.take(b) {} }
        while test.vault.turns.waiting == 0 { await Task.yield() }
        waiter.cancel()
        await #expect(throws: VaultError(.deadlineExceeded)) { try await waiter.value }
        for holder in holders { holder.cancel() }
        for holder in holders { try await holder.value }
        #expect(test.vault.turns.running == 0)
    }
}

/// How many ran at most, and whether they may end.
private final class Watch: Sendable {
    let most = Mutex(0)
    let isOpen = Mutex(false)
}

/// A table that `#expect` can ask: it takes no call that changes a value.
private final class Table {
    private var table: TurnTable<String>

    init(turns: Int, beside: Int) {
        table = TurnTable(turns: turns, beside: beside, lingering: 1000)
    }

    var running: Int { table.running }

    func ask(_ owner: String, _ ticket: UInt64, at now: Int64) -> [UInt64] {
        table.ask(owner, ticket, at: now)
    }

    func end(_ owner: String, at now: Int64) -> [UInt64] { table.end(owner, at: now) }

    func leave(_ owner: String, _ ticket: UInt64) -> Bool { table.leave(owner, ticket) }
}
