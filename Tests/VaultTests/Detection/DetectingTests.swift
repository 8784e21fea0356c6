// The rules at work in a vault: what is durable is looked at, what is found is an event, and a start knows of it.

import Synchronization
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Detection in a vault", .serialized)
struct DetectingTests {
    private let memory = MemoryCatalog()

    /// What the rules make of all that there is by now; the vault's events are written then.
    private func detect(_ test: TestVault) async -> [Alarm] {
        let told = Mutex<[Alarm]>([])
        test.vault.detection.finish()
        await test.vault.detect(onChange: { change in
            if case .raised(let alarm) = change { told.withLock { $0.append(alarm) } }
        })
        test.stop()
        return told.withLock { $0 }
    }

    @Test("an alarm is an event that says whose doing it is, and where the log shows it")
    func raises() async throws {
        let test = try TestVault(catalog: memory)
        let id = try await test.put(TestImages.small).image.image
        _ = try await test.vault.plantCanary(
            ImagePlace(.standard, id), note: .none, test.call(uid: 0, door: .admin))
        for _ in 0..<3 {
            _ = try await test.vault.metadata(
                id, claim: .unnamed, as: .metadataRead, test.call(for: "mallory"))
        }
        let alarms = await detect(test)
        #expect(alarms.map(\.rule) == [.canaryRead])
        #expect(test.vault.detection.report.raised == [.canaryRead: 1])
        #expect(test.vault.detection.report.open == alarms)
        let log = try test.log()
        let read = try #require(log.first { $0.action == "metadata.read" })
        let raised = log.filter { $0.action == "alarm.raised" }
        #expect(raised.count == 1)
        #expect(raised.first?.rule == "canary-read" && raised.first?.principal == "web")
        #expect(raised.first?.actor == read.actor && read.actor != nil)
        #expect(raised.first?.from == read.index && raised.first?.to == read.index + 1)
        #expect(read.principal == "web")
    }

    @Test("a start goes on where the one before was, and raises nothing again")
    func recalls() async throws {
        var test = try TestVault(catalog: memory)
        try await test.refuse(11)
        #expect(await detect(test).isEmpty)
        test = try test.reopened()
        try await test.refuse(1)
        #expect(await detect(test).map(\.rule) == [.refusedUploads])
        test = try test.reopened()
        try await test.refuse(5)
        #expect(await detect(test).isEmpty)
        #expect(try test.log().count { $0.action == "alarm.raised" } == 1)
    }

    @Test("what cannot be read back at a start is read again after a rest, and not with each batch")
    func rests() async throws {
        let faults = Faults()
        let memory = MemoryCatalog(faults: faults)
        var test = try TestVault(catalog: memory)
        try await test.refuse(12)
        test.stop()
        test = try test.reopened()
        faults.arm("canaries", .unavailable(5))
        #expect(await detect(test).isEmpty)
        #expect(faults.failed == "canaries")
        faults.disarm()
        test = try test.reopened()
        #expect(await detect(test).map(\.rule) == [.refusedUploads])
    }

    @Test("what a stop kept from being told is told at the next start")
    func tellsLater() async throws {
        var test = try TestVault(catalog: memory)
        try await test.refuse(12)
        // Nobody looked.
        test.stop()
        test = try test.reopened()
        #expect(await detect(test).map(\.rule) == [.refusedUploads])
        test = try test.reopened()
        test.clock.advance(microseconds: 3_600_000_000)
        try await test.vault.record(.statusRead, test.call(for: "mallory"))
        #expect(await detect(test).isEmpty)
        let ended = try #require(try test.log().first { $0.action == "alarm.ended" })
        #expect(ended.rule == "refused-uploads" && ended.count == 12)
    }

    @Test("what there is no room for stays in the log, of which it is known how far it goes")
    func bounded() async throws {
        let feed = DetectionFeed(batches: 2)
        var trace = DetectionTrace(seed: 1)
        for _ in 0..<15 { trace.add(.statusRead) }
        for start in stride(from: 0, to: 15, by: 3) {
            feed.take(Array(trace.events[start..<start + 3]))
        }
        var drained = feed.drain()
        #expect(drained.events == Array(trace.events[..<6]) && drained.end == 15)
        trace.add(.statusRead)
        feed.take([trace.events[15]])
        drained = feed.drain()
        #expect(drained.events == [trace.events[15]] && drained.end == 16)
    }

    @Test("a rule that is switched off is silent, and that is on record")
    func off() async throws {
        let test = try TestVault(catalog: memory, undetected: [.refusedUploads, .idWalk])
        try await test.vault.recordUndetected()
        try await test.refuse(20)
        #expect(await detect(test).isEmpty)
        let event = try #require(try test.log().first { $0.action == "detection.limited" })
        #expect(event.filters == "id-walk refused-uploads")
    }
}
