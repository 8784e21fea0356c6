// What a vault tells a doctor of itself.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("What a vault tells a doctor", .serialized)
struct DoctorFactsTests {
    private let memory: MemoryCatalog
    private let faults = Faults()
    private let test: TestVault
    private static let day: Int64 = 86_400_000_000

    init() throws {
        memory = MemoryCatalog(faults: faults)
        test = try TestVault(
            catalog: memory, twoPerson: [.holds], undetected: [DetectionRule.allCases[0]],
            incidents: IncidentSettings(creator: 77))
    }

    private func put() async throws { try await test.put(TestImages.small) }

    @Test("an event of the future is not hidden by those after it")
    func ahead() async throws {
        defer { test.stop() }
        try await put()
        #expect(test.vault.doctorFacts().ahead == nil)
        let first = memory.tables.frontier.size
        test.clock.jump(microseconds: Self.day)
        try await test.vault.recordService(.serviceStarted)
        let time = test.clock.nowMicroseconds()
        test.clock.jump(microseconds: -Self.day)
        #expect(
            test.vault.doctorFacts().ahead
                == .init(indexes: first..<first + 1, atMicroseconds: time, endedMicroseconds: nil))
        try await put()
        let after = test.clock.nowMicroseconds()
        #expect(
            test.vault.doctorFacts().ahead
                == .init(
                    indexes: first..<first + 1, atMicroseconds: time, endedMicroseconds: after))
        // Once that time has come, it is like any other.
        test.clock.jump(microseconds: Self.day)
        #expect(test.vault.doctorFacts().ahead == nil)
    }

    @Test("one kind of rows that cannot be read hides no other")
    func unreadable() async throws {
        defer { test.stop() }
        try await put()
        let kinds: [(String, (VaultFacts) -> Bool)] = [
            ("backups", { $0.newestBackup == nil }), ("accessTokens", { $0.tokens == nil }),
            ("attestations", { $0.attestations == nil }),
            ("openIncidents", { $0.incidents == nil }), ("slotProofs", { $0.slots == nil }),
            ("operations", { $0.unverifiedSince == nil }),
        ]
        for (name, isMissing) in kinds {
            faults.arm(name, .damaged)
            let facts = test.vault.doctorFacts()
            #expect(faults.failed == name)
            faults.disarm()
            #expect(!facts.isSealed)
            for (other, isMissing) in kinds {
                #expect(isMissing(facts) == (other == name), "\(other) without \(name)")
            }
            #expect(!isMissing(test.vault.doctorFacts()))
        }
    }

    @Test("while the vault is sealed, what the settings say is there, and no row")
    func sealed() async throws {
        defer { test.stop() }
        try await test.vault.seal(test.call(uid: 1000, door: .admin))
        let facts = test.vault.doctorFacts()
        #expect(facts.isSealed && facts.tokens == nil && facts.incidents == nil)
        #expect(facts.twoPerson == [.holds])
        #expect(facts.undetected == [DetectionRule.allCases[0]])
    }

    @Test("an incident is known to whoever opened it, and otherwise once somebody has listed them")
    func incidents() async throws {
        defer { test.stop() }
        let admin = test.call(uid: 1000, door: .admin)
        try await put()
        let byHand = try await test.vault.openIncident(
            of: nil, note: AdminNote("mine"), under: AccessPolicy(rules: []), admin)
        let alarm = Alarm(
            rule: DetectionRule.allCases[1], subject: .principal(try PrincipalName("web")),
            events: 0...0, count: 1, atMicroseconds: test.clock.nowMicroseconds())
        let byRule = try await test.vault.open(alarm)
        func read() -> [IncidentID: Bool] {
            (test.vault.doctorFacts().incidents ?? []).reduce(into: [:]) { $0[$1.id] = $1.isRead }
        }
        #expect(read() == [byHand.incident: true, byRule.incident: false])
        _ = try await test.vault.incidents(before: nil, limit: 10, admin)
        #expect(read() == [byHand.incident: true, byRule.incident: true])
        _ = try await test.vault.closeIncident(byRule.incident, note: .none, admin)
        #expect(read() == [byHand.incident: true])
    }
}
