// Containments where something goes wrong beside them, and what is under way when they come.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A containment, and what is in its way", .serialized)
struct ContainmentFaultTests {
    private let memory: MemoryCatalog
    private let faults = Faults()
    private let test: TestVault
    private let web: PrincipalName
    private let policy: AccessPolicy

    init() throws {
        memory = MemoryCatalog(faults: faults)
        let (keyring, signer) = (try TestKeys.keyring(), try TestKeys.logSigner())
        web = try PrincipalName("web")
        test = try TestVault(
            catalog: memory, keyring: keyring, signer: signer,
            keyFiles: MemoryKeyFiles([keyring.keys.file, signer.keys.file], faults: faults),
            incidents: IncidentSettings(containment: [.idWalk: .suspend], minutes: 3))
        policy = AccessPolicy(rules: [
            PrincipalRule(
                Principal(name: try PrincipalName("root"), verbs: VerbName.all(at: .admin)),
                users: [0]),
            PrincipalRule(Principal(name: web, verbs: VerbName.all(at: .images)), users: [33]),
        ])
        test.vault.goes { [policy] in policy }
    }

    private var admin: Call { test.call(uid: 1000, door: .admin) }

    private func incident(of principal: PrincipalName?) async throws -> IncidentID {
        try await test.vault.openIncident(
            of: principal, note: AdminNote("seen"), under: policy, admin
        ).incident
    }

    private func contain(_ id: IncidentID, _ grade: ContainmentGrade) async throws {
        try await test.vault.contain(id, to: grade, minutes: 2, under: policy, admin)
    }

    private var grades: Set<ContainmentGrade> { test.vault.grades(of: web, under: policy) }

    private var asWeb: Call {
        Call(
            caller: TestVault.caller, request: TestVault.request, namespace: .standard,
            principal: web)
    }

    @Test("by a rule comes again with the next alarm, and somebody is told again")
    func again() async throws {
        defer { test.stop() }
        let place = AlertRunner(test.vault, Nowhere(), pauseMilliseconds: 1) { _, _ in }
        let alarm = Alarm(
            rule: .idWalk, subject: .principal(web), events: 0...0, count: 1, atMicroseconds: 0)
        try await test.vault.record(.statusRead, admin)
        let row = try await test.vault.open(alarm)
        #expect(grades == [.suspend])
        // The next alarm during it is no news.
        try await test.vault.open(alarm)
        await place.tellAll()
        #expect(test.vault.alerts.counts[.command]?.sent == 1)
        test.clock.advance(microseconds: 180_000_000)
        try await test.vault.endContainments()
        #expect(grades == [])
        #expect(try await test.vault.open(alarm).incident == row.incident)
        #expect(grades == [.suspend])
        await place.tellAll()
        #expect(test.vault.alerts.counts[.command]?.sent == 2)
    }

    private struct Nowhere: AlertTarget {
        let kind = AlertKind.command
        func send(_ text: String) throws(StorageError) {}
    }

    @Test("whose lift was not answered is lifted by the next one")
    func liftedTwice() async throws {
        defer { test.stop() }
        let id = try await incident(of: web)
        let free = memory.tables.incidents
        try await contain(id, .suspend)
        // The row is as a lift leaves it, and whoever holds it in memory has not heard of that.
        memory.tamper { $0.incidents = free }
        #expect(grades == [.suspend])
        _ = try await test.vault.liftContainment(of: id, admin)
        #expect(grades == [])
    }

    @Test("that seals is not on record before the mark that keeps the vault sealed")
    func markFirst() async throws {
        defer { test.stop() }
        let id = try await incident(of: nil)
        faults.arm("seal mark", .full)
        #expect(try await refusal { try await contain(id, .seal) } != nil)
        #expect(memory.tables.incidents[0].containment == nil && !test.vault.isSealed)
        #expect(!test.keyFiles.isMarkedSealed)
        try await contain(id, .seal)
        #expect(test.vault.isSealed && test.keyFiles.isMarkedSealed)
    }

    @Test("whose row is damaged keeps no other from ending")
    func goesOn() async throws {
        defer { test.stop() }
        let (one, other) = (try await incident(of: web), try await incident(of: web))
        try await contain(one, .suspend)
        try await contain(other, .readOnly)
        for damaged in [0, 1] {
            let before = memory.tables.incidents
            memory.tamper { $0.incidents[damaged].changedAt += 1 }
            test.clock.advance(microseconds: 120_000_000)
            #expect(
                try await refusal { try await test.vault.endContainments() } == .rowDamaged)
            #expect(memory.tables.incidents[1 - damaged].containment == nil)
            memory.tamper { $0.incidents = before }
            try test.vault.recallContainments()
        }
    }

    @Test("holds the operations that its principal began, and no others, until it is over")
    func operations() async throws {
        defer { test.stop() }
        try await test.put(TestImages.small)
        let his = try await test.reinspect(as: asWeb)
        let runner = OperationRunner(test.vault, share: 100) { _ in }
        let id = try await incident(of: web)
        try await contain(id, .readOnly)
        let check = try await test.startCheck()
        while try await runner.turn() {}
        #expect(try await test.operation(check).state == .done)
        #expect(try await test.operation(his).state == .pending)
        try await contain(id, .throttle)
        #expect(try await runner.turn())
        try await contain(id, .suspend)
        #expect(try await !runner.turn())
        _ = try await test.vault.liftContainment(of: id, admin)
        while try await runner.turn() {}
        #expect(try await test.operation(his).state == .done)
    }

    @Test("holds an operation whatever its principal was refused before he began it")
    func refusedBefore() async throws {
        defer { test.stop() }
        try await test.put(TestImages.small)
        let refused = Event(
            .operationStarted, .refused, code: .operationConflict,
            atMicroseconds: test.clock.nowMicroseconds(), caller: asWeb.caller)
        for _ in 0..<Limits.pageRows { test.vault.committer.recordLater(refused) }
        let his = try await test.reinspect(as: asWeb)
        #expect(memory.tables.events.count > Limits.pageRows)
        try await contain(try await incident(of: web), .suspend)
        #expect(try await !OperationRunner(test.vault, share: 100) { _ in }.turn())
        #expect(try await test.operation(his).state == .pending)
    }

    @Test("lets no operation go on while nobody can read whose it is")
    func unreadable() async throws {
        defer { test.stop() }
        try await test.put(TestImages.small)
        let his = try await test.reinspect(as: asWeb)
        try await contain(try await incident(of: web), .suspend)
        let runner = OperationRunner(test.vault, share: 100) { _ in }
        faults.arm("filteredEvents", .unavailable(5))
        #expect(try await refusal { _ = try await runner.turn() } == .storageUnavailable)
        #expect(faults.failed == "filteredEvents")
        #expect(try await test.operation(his).state == .pending)
        // What was not read is not taken for nobody's.
        #expect(try await !runner.turn())
    }

    /// As much as somebody asks for.
    private struct Endless: OutgoingStream {
        static let name = "a test"
        mutating func next(of vault: Vault) async throws(VaultError) -> [UInt8]? { [1] }
    }

    @Test("cuts short what its principal takes away, with an event, where its grade forbids that")
    func streams() async throws {
        defer { test.stop() }
        var bundle = RevocableStream(Endless(), .exportLog, .logExported, asWeb)
        let id = try await incident(of: web)
        try await contain(id, .readOnly)
        var piece = try await bundle.next(of: test.vault)
        #expect(piece == [1])
        try await contain(id, .suspend)
        let stopped = try await refusal { _ = try await bundle.next(of: test.vault) }
        #expect(stopped == .suspended)
        let last = try #require(try test.log().last)
        #expect((last.action, last.code, last.principal) == ("log.exported", "suspended", "web"))
        var nobodys = RevocableStream(Endless(), .exportLog, .logExported, admin)
        piece = try await nobodys.next(of: test.vault)
        #expect(piece == [1])
    }
}
