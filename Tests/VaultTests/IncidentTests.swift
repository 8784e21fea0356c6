// Incidents: evidence before anything else, and a case that is only added to.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("An incident", .serialized)
struct IncidentTests {
    private let memory = MemoryCatalog()
    private let cases = MemoryCaseFiles()
    private let signer: LogSigner
    private let test: TestVault
    private let web: PrincipalName

    init() throws {
        signer = try TestKeys.logSigner()
        web = try PrincipalName("web")
        test = try TestVault(catalog: memory, signer: signer, cases: cases)
    }

    private var admin: Call { test.call(uid: 1000, door: .admin) }

    private func alarm(
        _ events: ClosedRange<UInt64>, _ subject: AlarmSubject? = nil
    ) -> Alarm {
        Alarm(
            rule: DetectionRule.allCases[0], subject: subject ?? .principal(web), events: events,
            count: 7, atMicroseconds: test.clock.nowMicroseconds())
    }

    private func openByHand(_ principal: PrincipalName?) async throws -> IncidentRow {
        try await test.vault.openIncident(
            of: principal, note: AdminNote("reads at night"), under: AccessPolicy(rules: []),
            admin)
    }

    private func check(_ bundle: String) throws -> BundleSummary {
        var verifier = try BundleVerifier(
            BundleTrust(keys: [try NoteVerifier(line: signer.verifierKey)]))
        var lines = LineSplitter()
        lines.feed(Array(bundle.utf8))
        while let line = lines.next() { try verifier.take(line) }
        return try verifier.finish(rest: lines.rest)
    }

    @Test("that an alarm opens has the log around it with its proofs, sealed before its event")
    func evidence() async throws {
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        for _ in 0..<5 { _ = try await test.get(id) }
        while memory.tables.events.count < 320 {
            try await test.vault.recordService(.serviceStarted)
        }
        let row = try await test.vault.open(alarm(300...310))
        #expect(row.events == 44..<311 && row.cause == .rule(DetectionRule.allCases[0]))
        let file = try #require(cases.all[row.incident])
        #expect((row.file.bytes, row.file.digest) == (file.count, LogHash.digest(file)))
        let event = try #require(try test.log().last)
        #expect(event.action == "incident.opened")
        #expect(event.incident == row.incident.hex && event.statement == row.file.digest.hex)
        #expect((event.from, event.to, event.count) == (44, 311, 7))
        #expect(event.principal == "web" && event.uid == nil)
        let found = try await test.vault.exportCase(
            row.incident, test.call(uid: 2002, door: .audit))
        let summary = try check(found.bundle)
        #expect(summary.events == 267 && (311...row.changedAt).contains(summary.size))
        let manifest = try EventFields(parsing: Array(found.manifest.utf8))
        #expect(manifest.text("incident") == row.incident.hex && manifest.number("from") == 44)
        #expect(manifest.text("bundle") == LogHash.digest(Array(found.bundle.utf8)).hex)
        #expect(manifest.number("alarm_from") == 300 && manifest.number("alarm_to") == 310)
        let census = try found.census.map { try EventFields(parsing: Array($0.utf8)) }
        let kinds = Set(census.compactMap { $0.text("of") })
        #expect(kinds == ["vault", "epoch", "namespace", "slot"])
        // Whoever was there before is in the case that somebody opens.
        let other = try await test.vault.exportCase(
            openByHand(web).incident, test.call(uid: 2002, door: .audit))
        let users = try other.census.map { try EventFields(parsing: Array($0.utf8)) }
            .filter { $0.text("of") == "user" }
        #expect(users.map { $0.number("uid") } == [1001, 2002])
        #expect(users[0].number("events") == 11)
    }

    @Test("is opened once for the same alarm, until it is closed")
    func once() async throws {
        defer { test.stop() }
        _ = try await test.put(TestImages.small)
        let first = try await test.vault.open(alarm(0...0))
        #expect(try await test.vault.open(alarm(0...0)).incident == first.incident)
        let actor = AlarmSubject.actor(web, Pseudonym(checked: [UInt8](repeating: 1, count: 16)))
        let other = try await test.vault.open(alarm(0...0, actor))
        #expect(other.incident != first.incident && other.principal == web)
        #expect(try await test.vault.open(alarm(0...0, .vault)).principal == nil)
        _ = try await test.vault.closeIncident(first.incident, note: .none, admin)
        #expect(try await test.vault.open(alarm(0...0)).incident != first.incident)
    }

    @Test("has a case of the last events where there are more than it has room for")
    func bounded() throws {
        let size = Limits.caseEvents * 3
        func range(_ alarm: Alarm?) -> Range<UInt64> {
            Vault.caseEvents(around: alarm, logSize: size)
        }
        defer { test.stop() }
        #expect(range(nil) == size - Limits.caseEvents..<size)
        #expect(range(alarm(0...size - 1)) == size - Limits.caseEvents..<size)
        #expect(range(alarm(3...5)) == 0..<6)
        let before = 900 - Limits.caseEventsBefore
        #expect(range(alarm(900...1000)) == before..<1001)
        // What is not in the log yet is in no case.
        #expect(range(alarm(size - 1...size + 9)) == size - 1 - Limits.caseEventsBefore..<size)
    }

    @Test("is written down in its case, each time with an event of the case's digest")
    func entries() async throws {
        defer { test.stop() }
        _ = try await test.put(TestImages.small)
        let opened = try await openByHand(web)
        let before = try #require(cases.all[opened.incident])
        _ = try await test.vault.note(AdminNote("called"), on: opened.incident, admin)
        _ = try await test.vault.contain(
            opened.incident, to: .suspend, minutes: 5, under: AccessPolicy(rules: []), admin)
        let closed = try await test.vault.closeIncident(
            opened.incident, note: AdminNote("a job"), admin)
        let file = try #require(cases.all[opened.incident])
        #expect(file.starts(with: before) && LogHash.digest(file) == closed.file.digest)
        #expect(closed.containment == nil && !closed.isOpen)
        let state = try await test.vault.incident(opened.incident, admin)
        let kinds = try state.entries?.map {
            try EventFields(parsing: Array($0.utf8)).text("entry")
        }
        #expect(kinds == ["noted", "contained", "ended", "closed"])
        let told = try test.log().filter { $0.incident == opened.incident.hex }
        #expect(
            told.map(\.action) == [
                "incident.opened", "incident.noted", "containment.set", "containment.ended",
                "incident.closed", "incidents.read",
            ])
        #expect(told[4].statement == closed.file.digest.hex)
        #expect(
            try await refusal { _ = try await openAgain(opened.incident) } == .incidentClosed)
    }

    private func openAgain(_ id: IncidentID) async throws -> IncidentRow {
        try await test.vault.contain(
            id, to: .suspend, minutes: 5, under: AccessPolicy(rules: []), admin)
    }

    @Test("whose file was touched is told of, and is still contained, lifted and closed")
    func damaged() async throws {
        defer { test.stop() }
        let row = try await openByHand(web)
        cases.tamper(row.incident) { $0[100] ^= 1 }
        let auditor = test.call(uid: 2002, door: .audit)
        #expect(
            try await refusal { _ = try await test.vault.exportCase(row.incident, auditor) }
                == .caseDamaged)
        #expect(try await test.vault.incident(row.incident, admin).entries == nil)
        #expect(
            try await refusal {
                _ = try await test.vault.note(AdminNote("x"), on: row.incident, admin)
            } == .caseDamaged)
        #expect(try await openAgain(row.incident).containment?.grade == .suspend)
        #expect(try await test.vault.liftContainment(of: row.incident, admin).containment == nil)
        _ = try await test.vault.closeIncident(row.incident, note: .none, admin)
        #expect(try test.log().filter { $0.code == "case-damaged" }.count == 2)
    }

    @Test("leaves no case where it could not be put on record, and no row where its case could not")
    func together() async throws {
        let faults = Faults()
        let files = MemoryCaseFiles(faults: faults)
        let test = try TestVault(catalog: memory, signer: signer, cases: files)
        defer { test.stop() }
        self.test.stop()
        faults.arm("createCase", .full)
        let admin = test.call(uid: 1000, door: .admin)
        #expect(
            try await refusal {
                _ = try await test.vault.openIncident(
                    of: web, note: .none, under: AccessPolicy(rules: []), admin)
            } == .storageFull)
        #expect(memory.tables.incidents.isEmpty && files.all.isEmpty)
        for _ in 0..<Limits.openIncidents {
            _ = try await test.vault.openIncident(
                of: nil, note: .none, under: AccessPolicy(rules: []), admin)
        }
        #expect(
            try await refusal {
                _ = try await test.vault.openIncident(
                    of: nil, note: .none, under: AccessPolicy(rules: []), admin)
            } == .overloaded)
        #expect(files.all.count == Limits.openIncidents)
    }

    @Test("is refused while the vault is sealed, and by a row that was changed")
    func refused() async throws {
        defer { test.stop() }
        let row = try await openByHand(web)
        memory.tamper { $0.incidents[0].closedMicroseconds = 5 }
        #expect(
            try await refusal { _ = try await test.vault.incident(row.incident, admin) }
                == .rowDamaged)
        #expect(
            try await refusal {
                _ = try await test.vault.incident(IncidentID(checked: [1]), admin)
            } == .unknownIncident)
        try await test.vault.seal(admin)
        #expect(try await refusal { _ = try await openByHand(nil) } == .sealed)
    }

    @Test("that a crash kept from being opened leaves no case; one whose row was taken does")
    func swept() async throws {
        defer { test.stop() }
        let (kept, taken) = (try await openByHand(web), try await openByHand(nil))
        let lost = IncidentID(checked: [UInt8](repeating: 9, count: 16))
        try cases.create([1, 2, 3], for: lost)
        memory.tamper { $0.incidents.removeAll { $0.incident == taken.incident } }
        let swept = try await test.vault.sweepCases()
        #expect((swept.removed, swept.orphaned) == (1, [taken.incident]))
        #expect(Set(cases.all.keys) == [kept.incident, taken.incident])
        #expect(try await test.vault.sweepCases().removed == 0)
    }

    @Test("that is given up before it is on record takes its case with it")
    func givenUp() async throws {
        let gate = GatedCatalog(memory)
        let test = try TestVault(catalog: gate, signer: signer, cases: cases)
        defer { test.stop() }
        self.test.stop()
        let tasks = StepExecutor()
        gate.close()
        let opening = tasks.start { [web] in
            try await test.vault.openIncident(
                of: web, note: .none, under: AccessPolicy(rules: []),
                test.call(uid: 1000, door: .admin))
        }
        gate.awaitArrival()
        #expect(cases.all.count == 1)
        opening.cancel()
        gate.open()
        tasks.release()
        #expect(try await refusal { _ = try await opening.value } != nil)
        #expect(cases.all.isEmpty && memory.tables.incidents.isEmpty)
    }

    @Test("whose row was changed hides no other, and keeps none from being opened")
    func beside() async throws {
        defer { test.stop() }
        let (one, other) = (try await openByHand(web), try await openByHand(nil))
        memory.tamper { $0.incidents[0].changedAt += 1 }
        let listed = try await test.vault.incidents(before: nil, limit: 9, admin).incidents
        #expect(listed.map(\.incident) == [other.incident])
        #expect(try await test.vault.open(alarm(0...0)).incident != one.incident)
    }
}
