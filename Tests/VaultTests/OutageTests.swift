// The committer while its catalog fails, hangs, fills up or forgets.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

/// Room that a test gives and takes.
private final class TestReserve: SpaceReserve {
    private let state = Mutex((isTaken: true, hasRoom: false))

    func release() { state.withLock { $0.isTaken = false } }
    func take() -> Bool {
        state.withLock { state in
            state.isTaken = state.isTaken || state.hasRoom
            return state.isTaken
        }
    }
    func giveRoom() { state.withLock { $0.hasRoom = true } }
    var isTaken: Bool { state.withLock { $0.isTaken } }
}

@Suite("Committer in an outage")
struct OutageTests {
    private let memory = MemoryCatalog()
    private let states = Alarms()

    /// What the alarm was told, in order.
    private final class Alarms: Sendable {
        private let heard = Mutex<[LogState]>([])
        func hear(_ state: LogState) { heard.withLock { $0.append(state) } }
        var all: [LogState] { heard.withLock { $0 } }
    }

    private func committer(
        on catalog: (any Catalog)? = nil, reserve: (any SpaceReserve)? = nil,
        patience: Duration = .seconds(600), pause: Duration = .zero
    ) throws -> Committer {
        let keyring = try TestKeys.keyring()
        return try Committer(
            catalog: catalog ?? memory,
            outages: Outages(
                reserve: reserve, patience: patience, pause: pause, alarm: states.hear)
        ) { keyring }
    }

    private func until(_ committer: Committer, is state: LogState) async throws {
        while committer.logState != state { try await Task.sleep(for: .milliseconds(5)) }
    }

    private func expectLog(_ actions: [EventAction]) throws {
        #expect(try memory.events().map(\.action) == actions)
        try memory.state.check()
    }

    @Test("a failed flush is over when the store was opened anew with all that was acknowledged")
    func flushFails() async throws {
        let committer = try committer()
        defer { committer.stop() }
        try await committer.record(CommitterFixture.event())
        memory.faults.arm("commit", .unavailable(5))
        await #expect(throws: VaultError(.auditUnavailable).recorded) {
            try await committer.record(CommitterFixture.event(1))
        }
        try await until(committer, is: .writable)
        #expect(try await committer.record(CommitterFixture.event(2)) == 3)
        #expect(states.all == [.failed, .writable])
        try expectLog([.imagePut, .storageFailed, .storageRecovered, .imagePut])
        #expect(committer.frontier == memory.tables.frontier)
    }

    @Test("what a failed flush left on the disk is gone on from, although its sender was told no")
    func flushFailsAfterTheFact() async throws {
        let committer = try committer()
        defer { committer.stop() }
        memory.faults.arm("commit", time: 2, .unavailable(5))
        var told = 0
        for number in 0..<3 {
            if (try? await committer.record(CommitterFixture.event(number))) != nil { told += 1 }
            if committer.isBroken { break }
        }
        try await until(committer, is: .writable)
        try memory.state.check()
        #expect(memory.faults.failed != nil)
        #expect(try memory.events().count >= told + 2)
        #expect(committer.frontier == memory.tables.frontier)
    }

    @Test("a store that fails to open, or to be written, stays down until it does")
    func staysDown() async throws {
        let committer = try committer()
        defer { committer.stop() }
        try await committer.record(CommitterFixture.event())
        memory.faults.kill(atStep: 1)
        _ = try? await committer.record(CommitterFixture.event(1))
        try await until(committer, is: .failed)
        let before = memory.faults.steps
        while memory.faults.steps < before + 3 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(committer.logState == .failed)
        memory.faults.disarm()
        try await until(committer, is: .writable)
        #expect(states.all == [.failed, .writable])
        try expectLog([.imagePut, .storageFailed, .storageRecovered])
    }

    @Test("acknowledged events that are missing afterwards keep it down, until they are back")
    func eventsMissing() async throws {
        let committer = try committer()
        defer { committer.stop() }
        for number in 0..<5 { try await committer.record(CommitterFixture.event(number)) }
        let whole = memory.tables
        let older = MemoryCatalog()
        let other = try Committer(catalog: older) { nil }
        try await other.record(CommitterFixture.event())
        other.stop()
        // Longer than what was acknowledged is no help where it is another log.
        let fork = MemoryCatalog()
        let forker = try Committer(catalog: fork) { nil }
        for number in 0..<9 { try await forker.record(CommitterFixture.event(number)) }
        forker.stop()
        memory.faults.arm("begin", .unavailable(5))
        for wrong in [older.tables, fork.tables] {
            memory.tamper { $0 = wrong }
            _ = try? await committer.record(CommitterFixture.event(7))
            try await until(committer, is: .lost)
            await #expect(throws: VaultError(.auditUnavailable).recorded) {
                try await committer.record(CommitterFixture.event(8))
            }
            let before = memory.faults.steps
            while memory.faults.steps < before + 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(memory.tables.frontier == wrong.frontier, "nothing is written to it")
            #expect(committer.logState == .lost)
        }
        memory.tamper { $0 = whole }
        try await until(committer, is: .writable)
        #expect(states.all == [.failed, .lost, .writable])
        #expect(try memory.events().count == 7)
        try memory.state.check()
    }

    @Test(
        "a stall ends with whatever the catalog answers",
        arguments: [StorageError.sealed, .damaged, .full, .missing])
    func stallEndsInRefusal(error: StorageError) async throws {
        let gate = GatedCatalog(memory)
        let committer = try committer(on: gate, patience: .milliseconds(50))
        defer { committer.stop() }
        memory.faults.arm("begin", error)
        gate.close()
        committer.recordLater(CommitterFixture.event())
        gate.awaitArrival()
        try await until(committer, is: .stalled)
        gate.open()
        try await until(committer, is: .writable)
        try await committer.record(CommitterFixture.event(1))
        try expectLog([.storageFailed, .storageRecovered, .imagePut])
        #expect(states.all == [.stalled, .writable])
    }

    @Test("a catalog that hangs keeps nobody waiting, and what never reached it is never written")
    func hangs() async throws {
        let gate = GatedCatalog(memory)
        let committer = try committer(on: gate, patience: .milliseconds(50))
        defer { committer.stop() }
        gate.close()
        committer.recordLater(CommitterFixture.event())
        gate.awaitArrival()
        await withTaskGroup(of: VaultError?.self) { tasks in
            for number in 1..<4 {
                tasks.addTask {
                    do throws(VaultError) {
                        try await committer.record(CommitterFixture.event(number))
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for await error in tasks { #expect(error == VaultError(.auditUnavailable).recorded) }
        }
        try await until(committer, is: .stalled)
        await #expect(throws: VaultError(.auditUnavailable).recorded) {
            try await committer.record(CommitterFixture.event(9))
        }
        gate.open()
        try await until(committer, is: .writable)
        try await committer.record(CommitterFixture.event(10))
        // The one that was with the catalog, and none of those behind it.
        try expectLog([.imagePut, .storageFailed, .storageRecovered, .imagePut])
        #expect(states.all == [.stalled, .writable])
    }

    @Test(
        "on a full disk its filling is an event, sealing is recorded, and all else is told why not")
    func full() async throws {
        let reserve = TestReserve()
        let committer = try committer(reserve: reserve)
        defer { committer.stop() }
        memory.faults.arm("commit", .full)
        await #expect(throws: VaultError(.storageFull).recorded) {
            try await committer.record(CommitterFixture.event())
        }
        #expect(committer.logState == .full && !reserve.isTaken && !committer.isBroken)
        await #expect(throws: VaultError(.storageFull).recorded) {
            try await committer.record(CommitterFixture.event(1))
        }
        try await committer.record(CommitterFixture.event(2, .vaultSealed))
        reserve.giveRoom()
        try await until(committer, is: .writable)
        try await committer.record(CommitterFixture.event(3))
        #expect(reserve.isTaken)
        #expect(states.all == [.full, .writable])
        try expectLog([.storageFailed, .vaultSealed, .storageRecovered, .imagePut])
    }
}
