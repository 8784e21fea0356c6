// How many incidents there may be, of whom; and alarms that found no room or no disk, which are tried again.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Room for incidents", .serialized)
struct IncidentRoomTests {
    private let memory = MemoryCatalog()
    private let faults = Faults()
    private let test: TestVault
    private let web: PrincipalName

    init() throws {
        web = try PrincipalName("web")
        test = try TestVault(catalog: memory, cases: MemoryCaseFiles(faults: faults))
    }

    private func alarm(_ subject: AlarmSubject, _ rule: DetectionRule = .idWalk) -> Alarm {
        Alarm(rule: rule, subject: subject, events: 0...0, count: 1, atMicroseconds: 0)
    }

    private func actor(_ number: Int) -> AlarmSubject {
        .actor(web, Pseudonym(checked: [UInt8](repeating: UInt8(number), count: 16)))
    }

    private func openByHand() async throws {
        _ = try await test.vault.openIncident(
            of: nil, note: .none, under: AccessPolicy(rules: []),
            test.call(uid: 1000, door: .admin))
    }

    @Test("made-up actors leave room for principals, and all alarms leave some for people")
    func shares() async throws {
        defer { test.stop() }
        try await test.vault.record(.statusRead, test.call())
        for number in 0..<Limits.actorIncidents { try await test.vault.open(alarm(actor(number))) }
        #expect(
            try await refusal { try await test.vault.open(alarm(actor(255))) } == .overloaded)
        let rest = Limits.openIncidents - Limits.handIncidents - Limits.actorIncidents
        for number in 0..<rest {
            let name = try PrincipalName("p\(number)")
            try await test.vault.open(alarm(.principal(name)))
        }
        #expect(try await refusal { try await test.vault.open(alarm(.vault)) } == .overloaded)
        for _ in 0..<Limits.handIncidents { try await openByHand() }
        #expect(try await refusal { try await openByHand() } == .overloaded)
        #expect(memory.tables.incidents.count == Limits.openIncidents)
    }

    @Test("a vault has so many in all, closed ones among them")
    func all() async throws {
        defer { test.stop() }
        try await openByHand()
        let row = try #require(memory.tables.incidents.first)
        _ = try await test.vault.closeIncident(
            row.incident, note: .none, test.call(uid: 1000, door: .admin))
        memory.tamper { tables in
            let closed = tables.incidents[0]
            tables.incidents = Array(repeating: closed, count: Limits.incidents)
        }
        #expect(try await refusal { try await openByHand() } == .overloaded)
        memory.tamper { $0.incidents.removeLast() }
        try await openByHand()
    }

    @Test("an alarm that met a full disk is tried again, later each time, and given up in the end")
    func tried() async throws {
        defer { test.stop() }
        try await test.vault.record(.statusRead, test.call())
        let givenUp = Mutex<[ErrorCode]>([])
        func openWaiting() async {
            await test.vault.openWaiting { _, code in givenUp.withLock { $0.append(code) } }
        }
        let alarm = alarm(.principal(web))
        faults.arm("createCase", .full)
        #expect(try await refusal { try await test.vault.open(alarm) } == .storageFull)
        #expect(test.vault.openLater(alarm))
        await openWaiting()
        #expect(memory.tables.incidents.isEmpty)
        test.clock.advance(microseconds: Limits.unopenedSeconds * 1_000_000)
        await openWaiting()
        #expect(memory.tables.incidents.map(\.principal) == [web])
        // Nothing of it waits any more.
        test.clock.advance(microseconds: 3_600_000_000)
        await openWaiting()
        #expect(memory.tables.incidents.count == 1)
        let other = self.alarm(.vault)
        #expect(test.vault.openLater(other))
        for attempt in 1..<Limits.unopenedAttempts {
            #expect(givenUp.withLock { $0.isEmpty })
            faults.arm("createCase", .full)
            test.clock.advance(microseconds: (Limits.unopenedSeconds << Int64(attempt)) * 1_000_000)
            await openWaiting()
        }
        #expect(givenUp.withLock { $0 } == [.storageFull])
        #expect(memory.tables.incidents.count == 1)
    }

    @Test("no more of them wait than there is room for")
    func bounded() throws {
        defer { test.stop() }
        for number in 0..<Limits.unopenedAlarms {
            #expect(test.vault.openLater(alarm(actor(number))))
        }
        #expect(!test.vault.openLater(alarm(actor(255))))
    }
}
