// What an incident takes from a principal, and that it is given back as it was.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A contained principal", .serialized)
struct ContainmentTests {
    private let memory = MemoryCatalog()
    private let cases = MemoryCaseFiles()
    private let test: TestVault
    private let web: PrincipalName
    private let root: PrincipalName
    private let policy: AccessPolicy

    init() throws {
        test = try TestVault(catalog: memory, cases: cases)
        (web, root) = (try PrincipalName("web"), try PrincipalName("root"))
        policy = AccessPolicy(rules: [
            PrincipalRule(Principal(name: root, verbs: VerbName.all(at: .admin)), users: [0]),
            PrincipalRule(Principal(name: web, verbs: VerbName.all(at: .images)), users: [33]),
        ])
    }

    private var admin: Call { test.call(uid: 1000, door: .admin) }

    private func incident(of principal: PrincipalName?) async throws -> IncidentID {
        try await test.vault.openIncident(
            of: principal, note: AdminNote("seen"), under: policy, admin
        ).incident
    }

    private func contain(
        _ id: IncidentID, _ grade: ContainmentGrade, minutes: Int = 60,
        under policy: AccessPolicy? = nil
    ) async throws {
        try await test.vault.contain(
            id, to: grade, minutes: minutes, under: policy ?? self.policy, admin)
    }

    /// What a door would say to a verb.
    private func told(_ principal: PrincipalName, _ verb: VerbName) async throws -> String {
        do {
            let wait = try await test.vault.wait(
                forContained: principal, asking: verb, under: policy, test.call())
            return wait == nil ? "in" : "later"
        } catch {
            return error.code.rawValue
        }
    }

    /// What both principals are told of every verb.
    private func behaviour() async throws -> [String] {
        var all: [String] = []
        for principal in [web, root] {
            for verb in VerbName.allCases {
                test.clock.advance(microseconds: 60_000_000)
                all.append("\(principal) \(verb.rawValue) \(try await told(principal, verb))")
            }
        }
        return all
    }

    /// Every row but the log's, and of incidents what is no trace of what was done.
    private func rows() -> [String] {
        let log: Set = ["events", "lookups", "frontier", "subtrees", "incidents"]
        let others = Mirror(reflecting: memory.tables).children.compactMap { label, value in
            log.contains(label ?? "") ? nil : "\(label ?? ""): \(value)"
        }
        return others
            + memory.tables.incidents.map { row in
                "\(row.incident) \(row.cause) \(String(describing: row.containment)) \(row.isOpen)"
            }
    }

    @Test(
        "that is let go again is as it was before: every row, and every verb",
        arguments: [ContainmentGrade.throttle, .suspend, .readOnly])
    func undone(grade: ContainmentGrade) async throws {
        defer { test.stop() }
        _ = try await test.put(TestImages.small)
        let id = try await incident(of: web)
        let before = (rows: rows(), told: try await behaviour())
        #expect(before.told.allSatisfy { $0.hasSuffix(" in") })
        try await contain(id, grade, minutes: 10_080)
        for verb in VerbName.allCases {
            test.clock.advance(microseconds: 60_000_000)
            #expect(
                try await told(web, verb) == (grade.allows(verb) ? "in" : "suspended"),
                "\(verb)")
            #expect(try await told(root, verb) == "in")
        }
        if grade == .throttle {
            var heard: [String] = []
            for _ in 0..<Limits.containedBurst + 5 { heard.append(try await told(web, .getImages)) }
            #expect(heard.suffix(5) == ["later", "later", "later", "later", "later"])
            #expect(try test.log().last?.action == "requests.limited")
        }
        #expect(rows() != before.rows)
        _ = try await test.vault.liftContainment(of: id, admin)
        #expect(rows() == before.rows)
        #expect(try await behaviour() == before.told)
        let ended = try #require(try test.log().last { $0.action == "containment.ended" })
        #expect((ended.grade, ended.reason, ended.uid) == (grade.name, "lifted", 1000))
    }

    @Test("is free at its time, with an event of nobody's, and was so at the doors before that")
    func time() async throws {
        defer { test.stop() }
        let id = try await incident(of: web)
        try await contain(id, .suspend, minutes: 2)
        let set = try #require(try test.log().last)
        #expect((set.action, set.grade, set.principal) == ("containment.set", "suspend", "web"))
        #expect(
            set.until == Timestamp.text(microseconds: test.clock.nowMicroseconds() + 120_000_000))
        test.clock.advance(microseconds: 119_999_999)
        #expect(try await told(web, .getImages) == "suspended")
        try await test.vault.endContainments()
        #expect(memory.tables.incidents[0].containment != nil)
        test.clock.advance(microseconds: 1)
        #expect(try await told(web, .getImages) == "in")
        try await test.vault.endContainments()
        #expect(memory.tables.incidents[0].containment == nil)
        let ended = try #require(try test.log().last)
        #expect((ended.action, ended.reason, ended.uid) == ("containment.ended", "time", nil))
        let size = memory.tables.events.count
        try await test.vault.endContainments()
        #expect(memory.tables.events.count == size)
    }

    @Test("is one after a restart, and after an unsealing, and a row that was changed is told of")
    func restart() async throws {
        let id = try await incident(of: web)
        try await contain(id, .readOnly)
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        #expect(again.vault.grades(of: web, under: policy) == [])
        try again.vault.recallContainments()
        #expect(again.vault.grades(of: web, under: policy) == [.readOnly])
        memory.tamper { tables in
            let old = tables.incidents[0].containment
            tables.incidents[0].containment = .init(
                grade: .throttle, endsMicroseconds: old?.endsMicroseconds ?? 0, setter: 1000)
        }
        #expect(throws: VaultError(.rowDamaged)) { try again.vault.recallContainments() }
    }

    @Test("is never the last who may lift it, also when the policy becomes another")
    func lastAdmin() async throws {
        defer { test.stop() }
        let id = try await incident(of: root)
        for grade in [ContainmentGrade.suspend, .readOnly] {
            #expect(try await refusal { try await contain(id, grade) } == .lastAdmin)
        }
        let refused = try #require(try test.log().last)
        #expect((refused.action, refused.code) == ("containment.set", "last-admin"))
        try await contain(id, .throttle)
        let night = PrincipalRule(
            Principal(name: try PrincipalName("night"), verbs: [.liftContainments, .readStatus]),
            users: [7])
        let two = AccessPolicy(rules: policy.rules + [night])
        try await contain(id, .suspend, under: two)
        #expect(test.vault.grades(of: root, under: two) == [.suspend])
        // The other one cannot go too.
        let other = try await incident(of: night.principal.name)
        #expect(
            try await refusal { try await contain(other, .readOnly, under: two) } == .lastAdmin)
        // By the policy from before nobody would be left.
        #expect(test.vault.grades(of: root, under: policy) == [])
    }

    @Test("of two incidents stays contained by the one when the other is over")
    func two() async throws {
        defer { test.stop() }
        let (one, other) = (try await incident(of: web), try await incident(of: web))
        try await contain(one, .suspend)
        try await contain(other, .readOnly)
        #expect(test.vault.grades(of: web, under: policy) == [.suspend, .readOnly])
        _ = try await test.vault.liftContainment(of: one, admin)
        #expect(test.vault.grades(of: web, under: policy) == [.readOnly])
        #expect(try await told(web, .getImages) == "in")
        #expect(try await told(web, .putImages) == "suspended")
        // Another grade takes the place of the one before.
        try await contain(other, .throttle)
        #expect(test.vault.grades(of: web, under: policy) == [.throttle])
        let vault = try await incident(of: nil)
        #expect(try await refusal { try await contain(vault, .suspend) } == .invalidBody)
    }

    @Test("by a rule's alarm is one as the settings say, and none for whom somebody only named")
    func byRule() async throws {
        test.stop()
        let rule = DetectionRule.allCases[0]
        let test = try TestVault(
            catalog: memory,
            incidents: IncidentSettings(containment: [rule: .readOnly], minutes: 3), cases: cases)
        defer { test.stop() }
        let policy = policy
        test.vault.goes { policy }
        let actor = Pseudonym(checked: [UInt8](repeating: 1, count: 16))
        for (subject, contained) in [
            (AlarmSubject.actor(web, actor), false), (.principal(web), true),
        ] {
            let row = try await test.vault.open(
                Alarm(
                    rule: rule, subject: subject, events: 0...0, count: 1, atMicroseconds: 0))
            #expect((row.containment != nil) == contained)
        }
        #expect(test.vault.grades(of: web, under: policy) == [.readOnly])
        let set = try #require(try test.log().last)
        #expect((set.action, set.grade, set.uid) == ("containment.set", "read-only", nil))
    }

    @Test("that is the vault is sealed until somebody unseals it, or it opens itself at its time")
    func seals() async throws {
        defer { test.stop() }
        let id = try await incident(of: nil)
        try await contain(id, .seal, minutes: 2)
        #expect(test.vault.isSealed && test.keyFiles.isMarkedSealed)
        func open(_ file: KeyFile) -> OpenKeyFile? { test.keyring.keys }
        #expect(try await !test.vault.unsealAtEnd(with: open))
        test.clock.advance(microseconds: 120_000_000)
        #expect(try await !test.vault.unsealAtEnd { _ in nil })
        #expect(try await test.vault.unsealAtEnd(with: open))
        #expect(!test.vault.isSealed && !test.keyFiles.isMarkedSealed)
        #expect(memory.tables.incidents[0].containment == nil)
        let ended = try #require(try test.log().last)
        #expect(
            (ended.action, ended.grade, ended.reason) == ("containment.ended", "seal", "unsealed"))
        // What somebody sealed stays sealed.
        try await contain(id, .seal, minutes: 2)
        try await test.vault.seal(admin)
        test.clock.advance(microseconds: 120_000_000)
        #expect(try await !test.vault.unsealAtEnd(with: open))
    }
}
