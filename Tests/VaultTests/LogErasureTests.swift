// What is forgotten of the log, and what of it stays true.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Erasing bodies of events", .serialized)
struct LogErasureTests {
    private let memory = MemoryCatalog()

    private func filled(days: Int? = nil) async throws -> TestVault {
        let test = try TestVault(catalog: memory, logDays: days)
        let image = try await test.put(TestImages.small).image.image
        for _ in 0..<20 {
            _ = try await test.get(image)
            test.clock.advance(microseconds: 86_400_000_000)
        }
        return test
    }

    private func erased() -> [UInt64] {
        memory.tables.events.filter { $0.content == .erased }.map(\.index)
    }

    @Test("a range loses its bodies and what finds them; the tree and a check stay as they are")
    func range() async throws {
        let test = try await filled()
        defer { test.stop() }
        let digests = memory.tables.events.map(\.digest)
        let count = try await test.vault.eraseEvents(
            3..<9, reason: AdminNote("request 17"), test.call(door: .admin))
        #expect(count == 6)
        #expect(erased() == Array(3..<9))
        #expect(memory.tables.events.prefix(digests.count).map(\.digest) == digests)
        #expect(memory.tables.lookups.values.allSatisfy { $0.isDisjoint(with: 3..<9) })
        let event = try #require(try test.log().last)
        #expect(event.summary == "log.erased done")
        #expect(try await test.check().isEmpty)
        // Once more takes nothing more.
        #expect(
            try await test.vault.eraseEvents(
                3..<9, reason: AdminNote("again"), test.call(door: .admin)) == 0)
        #expect(
            try await refusal {
                _ = try await test.vault.eraseEvents(
                    3..<1000, reason: AdminNote("far"), test.call(door: .admin))
            } == .unknownIndex)
    }

    @Test("a body that is gone without an event is found by a check")
    func unexplained() async throws {
        let test = try await filled()
        defer { test.stop() }
        _ = try await test.vault.eraseEvents(
            3..<5, reason: AdminNote("request 17"), test.call(door: .admin))
        memory.tamper { tables in
            for place in 4..<7 {
                let row = tables.events[place]
                tables.events[place] = EventRow(
                    index: row.index, atMicroseconds: row.atMicroseconds, action: row.action,
                    outcome: row.outcome, image: nil, digest: row.digest, content: .erased)
            }
        }
        let found = try await test.check()
        #expect(found.map(\.code) == [.catalogDamaged])
        #expect(found.map(\.event) == [5])
    }

    @Test("erasures keep their own bodies")
    func kept() async throws {
        let test = try await filled()
        defer { test.stop() }
        let call = test.call(door: .admin)
        _ = try await test.vault.eraseEvents(3..<5, reason: AdminNote("one"), call)
        let size = UInt64(memory.tables.events.count)
        _ = try await test.vault.eraseEvents(size - 1..<size, reason: AdminNote("two"), call)
        #expect(erased() == [3, 4])
    }

    @Test("what goes for its age goes by whole days: until midnight it stays")
    func wholeDays() async throws {
        let day: Int64 = 86_400_000_000
        let test = try await filled(days: 10)
        defer { test.stop() }
        let midnight = (test.clock.nowMicroseconds() / day + 1) * day
        test.clock.advance(microseconds: midnight - test.clock.nowMicroseconds())
        try await prune(test)
        let first = erased()
        test.clock.advance(microseconds: day - 1)
        try await prune(test)
        #expect(erased() == first)
        test.clock.advance(microseconds: 1)
        try await prune(test)
        #expect(erased().count > first.count)
    }

    @Test("what is older than the settings keep goes, with an event, and nothing newer")
    func age() async throws {
        let test = try await filled(days: 10)
        defer { test.stop() }
        while try await test.vault.pruneLogIfDue() {}
        let now = test.clock.nowMicroseconds()
        let old = memory.tables.events.filter {
            $0.atMicroseconds < now - 10 * 86_400_000_000 && !$0.action.isKept
        }
        #expect(old.count > 10)
        #expect(erased() == old.map(\.index))
        #expect(try test.log().last?.action == "log.erased")
        #expect(try await test.check().isEmpty)
        #expect(try await test.vault.pruneLogIfDue() == false)
        test.clock.advance(microseconds: 86_400_000_000)
        while try await test.vault.pruneLogIfDue() {}
        #expect(erased().count > old.count)
    }

    @Test("without such a setting nothing goes")
    func forever() async throws {
        let test = try await filled()
        defer { test.stop() }
        #expect(try await test.vault.pruneLogIfDue() == false)
        #expect(erased().isEmpty)
    }

    @Test("a step of an erasure that fails leaves every body")
    func failing() async throws {
        let faults = Faults()
        let catalog = MemoryCatalog(faults: faults)
        let test = try TestVault(catalog: catalog)
        defer { test.stop() }
        _ = try await test.put(TestImages.small)
        faults.arm("eraseEvents", .full)
        #expect(
            try await refusal {
                _ = try await test.vault.eraseEvents(
                    0..<1, reason: AdminNote("request 17"), test.call(door: .admin))
            } != nil)
        #expect(catalog.tables.events.allSatisfy { $0.content != .erased })
    }

    /// Prunes as the schedule does.
    private func prune(_ test: TestVault) async throws {
        while try await test.vault.pruneLogIfDue() {}
    }

    @Test("an idle log loses what is old, all of it, also where times went back")
    func idle() async throws {
        let test = try await filled(days: 10)
        defer { test.stop() }
        // Times are taken before the queue: neighbours may be swapped.
        let image = try await test.put(TestImages.small).image.image
        test.clock.advance(microseconds: -3_600_000_000)
        _ = try await test.get(image)
        // Nobody waits for the end of a reading.
        while memory.tables.events.last?.action != .readEnded {
            try await Task.sleep(for: .milliseconds(5))
        }
        test.clock.advance(microseconds: 30 * 86_400_000_000)
        let size = UInt64(memory.tables.events.count)
        try await prune(test)
        #expect(erased() == Array(0..<size))
        #expect(try await test.check().isEmpty)
    }

    @Test("a time that somebody wrote takes no body, and explains none that is gone")
    func forged() async throws {
        let test = try await filled(days: 30)
        defer { test.stop() }
        func tamper(_ index: Int, at: Int64, _ content: EventRow.Content? = nil) {
            memory.tamper { tables in
                let row = tables.events[index]
                tables.events[index] = EventRow(
                    index: row.index, atMicroseconds: at, action: row.action, outcome: row.outcome,
                    image: content == nil ? row.image : nil, digest: row.digest,
                    content: content ?? row.content)
            }
        }
        tamper(0, at: 0)
        tamper(1, at: 0, .erased)
        tamper(2, at: 0, .erased)
        try await prune(test)
        // Nothing went, and no event says that anything did.
        #expect(erased() == [1, 2])
        #expect(try test.log().allSatisfy { $0.action != "log.erased" })
        let found = try await test.check()
        #expect(found.map(\.event) == [0, 1])
    }

    @Test(
        "a log that was pruned day after day, for longer than it keeps anything, is sound to a check"
    )
    func daily() async throws {
        let test = try await filled(days: 5)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        for _ in 0..<40 {
            _ = try await test.get(image)
            test.clock.advance(microseconds: 86_400_000_000)
            try await prune(test)
        }
        #expect(erased().count > 60)
        #expect(try await test.check().isEmpty)
    }

    @Test("a range of more than one step goes whole")
    func steps() async throws {
        let test = try await filled()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        while memory.tables.events.count < 1100 { _ = try await test.get(image) }
        let count = try await test.vault.eraseEvents(
            0..<1100, reason: AdminNote("request 17"), test.call(door: .admin))
        #expect(count == 1100)
        #expect(try test.log().filter { $0.action == "log.erased" }.count == 2)
        #expect(try await test.check().isEmpty)
    }

    @Test("a name that is erased is found by nobody, and its erasure by its pseudonym")
    func name() async throws {
        let test = try await filled()
        defer { test.stop() }
        let call = Call(
            caller: TestVault.caller, request: TestVault.request, namespace: .standard,
            asserted: AssertedContext(actor: try ActorName("user:8421")))
        try await test.vault.record(.imageList, call)
        let pseudonym = try #require(memory.tables.pseudonyms.first?.pseudonym)
        let admin = test.call(door: .admin)
        #expect(
            try await test.vault.name(of: pseudonym, reason: AdminNote("why"), admin).name
                == "user:8421")
        try await test.vault.eraseName(pseudonym, reason: AdminNote("request 17"), admin)
        for again in [
            { _ = try await test.vault.name(of: pseudonym, reason: AdminNote("why"), admin) },
            { try await test.vault.eraseName(pseudonym, reason: AdminNote("why"), admin) },
        ] as [() async throws -> Void] {
            #expect(try await refusal { try await again() } == .unknownName)
        }
        var query = AuditQuery()
        query.pseudonym = pseudonym
        let found = try await test.vault.events(query, from: 0, limit: 100, admin)
        // The listing, the telling, the erasure, and the erasure that came too late.
        #expect(found.events.count == 4)
    }
}
