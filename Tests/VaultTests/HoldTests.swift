// A hold comes before a deletion, and a deletion before the end of a retention.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Holds", .serialized)
struct HoldTests {
    private let memory = MemoryCatalog()
    private let ann: TestClaim

    init() throws { ann = try TestClaim(owner: "ann", job: "7") }

    private func target(_ kind: HoldKind, _ image: ImageID) throws -> HoldTarget {
        switch kind {
        case .image: .image(.standard, image)
        case .owner: .claim(.standard, try TestClaim(owner: "ann").claim)
        case .job: .claim(.standard, try TestClaim(job: "7").claim)
        case .backup: .backup(BackupID(checked: []))
        }
    }

    @Test(
        "while one stands nothing that it is on goes, in any way",
        arguments: [HoldKind.image, .owner, .job])
    func forbids(kind: HoldKind) async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let hold = try await test.hold(target(kind, id))
        #expect(try await refusal { try await test.delete(id, as: ann) } == .held)
        // Its words would be others.
        #expect(
            try await refusal { try await test.put(TestImages.small, as: ann) } == .held)
        let receipt = try await test.erase(TestClaim(owner: "ann"))
        #expect(try await test.receipt(receipt).claims == 0)
        try await test.quarantine(id)
        let asked = try await test.ask(.eraseImage, id)
        #expect(try await refusal { try await test.approve(asked) } == .held)
        try await test.approve(test.ask(.releaseImage, id))
        #expect(try await test.get(id, as: ann) == TestImages.small)
        let refused = try #require(try test.log().first { $0.code == "held" })
        #expect((refused.action, refused.outcome) == ("image.delete", "refused"))

        try await test.release(hold)
        try await test.delete(id, as: ann)
        #expect(try memory.totals().references == 0)
    }

    @Test("where the settings hold a namespace nothing of it goes, and all of others does")
    func settings() async throws {
        let held = RetentionPolicy(days: 1, isExtendOnly: false, isHeld: true)
        let test = try TestVault(
            catalog: memory, retention: RetentionPolicies(own: [.standard: held]))
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        #expect(try await refusal { try await test.delete(id, as: ann) } == .held)
        #expect(try await refusal { try await test.put(TestImages.small, as: ann) } == .held)
        #expect(try await test.receipt(test.erase(TestClaim(owner: "ann"))).claims == 0)
        test.clock.advance(microseconds: 2 * 86_400_000_000)
        var schedule = ExpirySchedule(test.vault, creator: 0)
        _ = await schedule.look()
        try await test.workToTheEnd()
        try await test.quarantine(id)
        let asked = try await test.ask(.eraseImage, id)
        #expect(try await refusal { try await test.approve(asked) } == .held)
        #expect(try memory.totals().references == 1)
        let clinic = try TestClaim(in: TestKeys.clinic)
        let other = try await test.put(TestImages.small, as: clinic).image.image
        try await test.delete(other, as: clinic)
    }

    @Test("what it is not on goes")
    func others() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let clinic = try TestClaim(owner: "ann", job: "7", in: TestKeys.clinic)
        let elsewhere = try await test.put(TestImages.small, as: clinic).image.image
        let bob = try TestClaim(owner: "bob", job: "8")
        try await test.put(TestImages.small, as: bob)
        for kind in [HoldKind.owner, .job] { try await test.hold(target(kind, id)) }
        try await test.delete(id, as: bob)
        try await test.delete(elsewhere, as: clinic)
        // An owner that is called as a job is, is another.
        let seven = try TestClaim(owner: "7")
        try await test.put(TestImages.other, as: seven)
        try await test.delete(test.list(as: seven).images[0].image.image, as: seven)
    }

    @Test("a hold that was changed holds, and is not released")
    func damaged() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let hold = try await test.hold(.image(.standard, id))
        memory.tamper { $0.holds[0].changedAt += 1 }
        #expect(try await refusal { try await test.delete(id, as: ann) } == .rowDamaged)
        #expect(try await refusal { try await test.release(hold) } == .rowDamaged)
        let unknown = HoldID(checked: [UInt8](repeating: 7, count: 16))
        #expect(try await refusal { try await test.release(unknown) } == .unknownHold)
    }

    @Test("a backup under one is neither expired nor stranded")
    func backups() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        try await test.put(TestImages.small)
        let backup = try await test.register()
        try await test.rotateWholly()
        let hold = try await test.hold(.backup(backup))
        #expect(
            try await refusal { _ = try await test.vault.expireBackup(backup, test.call()) }
                == .held)
        #expect(try await refusal { try await test.destroy(1, strand: [backup]) } == .held)
        #expect(try await refusal { try await test.destroy(1) } == .backupStranded)
        try await test.release(hold)
        try await test.destroy(1, strand: [backup])
        #expect(try await test.backups().map(\.state) == [.stranded])
    }

    @Test("of what is not there there is none, but of an owner who is to come")
    func unknown() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let nobody = ImageID(checked: [UInt8](repeating: 7, count: 32))
        #expect(
            try await refusal { try await test.hold(.image(.standard, nobody)) } == .unknownImage)
        let none = BackupID(checked: [UInt8](repeating: 7, count: 16))
        #expect(try await refusal { try await test.hold(.backup(none)) } == .unknownBackup)
        #expect(
            try await refusal { try await test.hold(.claim(.standard, ann.claim)) }
                == .invalidParameter)
        try await test.hold(target(.owner, nobody))
        let id = try await test.put(TestImages.small, as: ann).image.image
        #expect(try await refusal { try await test.delete(id, as: ann) } == .held)
        let page = try await test.vault.holds(after: 0, limit: 1, test.call())
        #expect(page.holds.map(\.subject.kind) == [.owner])
    }
}

@Suite("Retention", .serialized)
struct RetentionTests {
    private static let day: Int64 = 86_400_000_000
    private let memory = MemoryCatalog()

    private func vault(_ days: Int? = 30, isExtendOnly: Bool = false) throws -> TestVault {
        try TestVault(
            catalog: memory,
            retention: RetentionPolicies(
                standard: RetentionPolicy(days: days, isExtendOnly: isExtendOnly)))
    }

    private func look(_ test: TestVault) async throws -> Bool {
        var schedule = ExpirySchedule(test.vault, creator: 0)
        let isBegun = await schedule.look()
        try await test.workToTheEnd()
        return isBegun
    }

    @Test("a claim is erased at its end and not before, with a receipt")
    func ends() async throws {
        let test = try vault()
        defer { test.stop() }
        let begin = test.clock.nowMicroseconds()
        let id = try await test.put(TestImages.small).image.image
        #expect(
            try await test.retention(of: id) == [.until(microseconds: begin + 30 * Self.day)])
        test.clock.advance(microseconds: 30 * Self.day - 1)
        // Somebody was here the day before: the daemon was not away.
        #expect(try await !look(test))
        #expect(try await test.get(id) == TestImages.small)
        test.clock.advance(microseconds: 1)
        #expect(try await look(test))
        #expect(try await refusal { _ = try await test.get(id) } == .unknownImage)
        let receipt = try #require(try await test.receipts().first)
        #expect((receipt.kind, receipt.claims, receipt.images) == (.retention, 1, 1))
        #expect(receipt.namespace == nil)
        #expect(try await !look(test))
    }

    @Test("without a rule nothing ends")
    func forever() async throws {
        let test = try vault(nil)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        #expect(try await test.retention(of: id) == [.forever])
        test.clock.advance(microseconds: 36_500 * Self.day)
        #expect(try await !look(test))
    }

    @Test("a deletion comes before it, a hold before both")
    func order() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.delete(id)
        let held = try await test.put(TestImages.other).image.image
        try await test.hold(.image(.standard, held))
        test.clock.advance(microseconds: 31 * Self.day)
        #expect(try await look(test))
        #expect(try await test.get(held) == TestImages.other)
        #expect(try await test.receipts().first?.claims == 0)
    }

    @Test("an end may be moved, and in an extend-only namespace only later")
    func moved() async throws {
        for isExtendOnly in [false, true] {
            let test = try TestVault(
                retention: RetentionPolicies(
                    standard: RetentionPolicy(days: 30, isExtendOnly: isExtendOnly)))
            defer { test.stop() }
            let id = try await test.put(TestImages.small).image.image
            let now = test.clock.nowMicroseconds()
            let code: ErrorCode? = isExtendOnly ? .retentionLocked : nil
            try await test.retain(id, .until(microseconds: now + 40 * Self.day))
            let earlier = Retention.until(microseconds: now + 39 * Self.day)
            #expect(try await refusal { try await test.retain(id, earlier) } == code)
            try await test.retain(id, .forever)
            #expect(try await refusal { try await test.retain(id, earlier) } == code)
            let end: Retention = isExtendOnly ? .forever : earlier
            #expect(try await test.retention(of: id) == [end])
            let event = try #require(try test.log().last { $0.until == "forever" })
            #expect((event.action, event.image) == ("retention.set", id.hex))
        }
    }

    @Test("an end that has come is none: nobody erases by it at once")
    func past() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let now = test.clock.nowMicroseconds()
        for end in [now, now - 1, 1] {
            let past = Retention.until(microseconds: end)
            #expect(try await refusal { try await test.retain(id, past) } == .invalidBody)
        }
        #expect(try await !look(test))
        try await test.retain(id, .until(microseconds: now + 1))
    }

    @Test("a claim that is made again is kept no shorter")
    func again() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.retain(id, .forever)
        try await test.put(TestImages.small)
        #expect(try await test.retention(of: id) == [.forever])
    }

    @Test("what was given a later end while it was being erased stays")
    func meanwhile() async throws {
        let catalog = GatedReads(memory)
        let test = try TestVault(
            catalog: catalog,
            retention: RetentionPolicies(
                standard: RetentionPolicy(days: 30, isExtendOnly: false)))
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        test.clock.advance(microseconds: 31 * Self.day)
        var schedule = ExpirySchedule(test.vault, creator: 0)
        #expect(await schedule.look())
        // One is enough.
        #expect(await !schedule.look())
        // What may run was read, and what is to go.
        catalog.afterRead(2) { OwnThread.wait { _ = try? await test.retain(id, .forever) } }
        #expect(try await OperationRunner(test.vault, share: 100).turn())
        #expect(!catalog.awaitsRead)
        #expect(try await test.retention(of: id) == [.forever])
        try await test.workToTheEnd()
        #expect(try test.log().contains { $0.action == "operation.advanced" })
        #expect(try await test.get(id) == TestImages.small)
    }

    @Test("an end that somebody wrote into the catalog is refused")
    func forged() async throws {
        let test = try vault(nil)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        memory.tamper { $0.references[0].retention = .until(microseconds: 1) }
        #expect(try await look(test))
        #expect(try await test.receipts().first?.claims == 0)
        #expect(try await refusal { _ = try await test.get(id) } == .rowDamaged)
    }

    @Test("a clock that jumps erases nothing until somebody had time to see it")
    func clock() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        var schedule = ExpirySchedule(test.vault, creator: 0)
        test.clock.jump(microseconds: 31 * Self.day)
        #expect(await !schedule.look())
        test.clock.advance(microseconds: (Limits.clockJumpWaitSeconds - 1) * 1_000_000)
        #expect(await !schedule.look())
        #expect(try await test.get(id) == TestImages.small)
        test.clock.advance(microseconds: 1_000_000)
        #expect(await schedule.look())
    }

    @Test("nor one that creeps ahead, or that jumped before the daemon was started again")
    func creeping() async throws {
        var test = try vault()
        try await test.put(TestImages.small)
        var schedule = ExpirySchedule(test.vault, creator: 0)
        for _ in 0..<31 {
            test.clock.jump(microseconds: Self.day - 1_000_000)
            test.clock.advance(microseconds: 1_000_000)
            #expect(await !schedule.look())
        }
        try await test.vault.recordService(.serviceStarted)
        for _ in 0..<2 {
            test.stop()
            test = try test.reopened()
            try await test.vault.recordService(.serviceStarted)
            var again = ExpirySchedule(test.vault, creator: 0)
            #expect(await !again.look())
        }
        test.clock.advance(microseconds: (Limits.clockJumpWaitSeconds + 1) * 1_000_000)
        var last = ExpirySchedule(test.vault, creator: 0)
        #expect(await last.look())
        test.stop()
    }

    @Test("times that somebody wrote into the log's columns are no trap")
    func plantedTime() async throws {
        let test = try vault()
        try await test.put(TestImages.small)
        test.stop()
        for time in [Int64.min, .max, 0] {
            memory.tamper { tables in
                let event = tables.events[0]
                tables.events[0] = EventRow(
                    index: event.index, atMicroseconds: time, action: event.action,
                    outcome: event.outcome, image: event.image, digest: event.digest,
                    content: event.content)
            }
            let again = try test.reopened()
            var schedule = ExpirySchedule(again.vault, creator: 0)
            #expect(await !schedule.look())
            again.stop()
        }
    }

    @Test("what stays at its end is not looked at each minute")
    func stays() async throws {
        let test = try vault()
        defer { test.stop() }
        let held = try await test.put(TestImages.other).image.image
        let hold = try await test.hold(.image(.standard, held))
        test.clock.advance(microseconds: 31 * Self.day)
        #expect(try await look(test))
        #expect(try await !look(test))
        // Another one that comes to its end is not kept waiting by it.
        try await test.put(TestImages.small)
        test.clock.advance(microseconds: Limits.expiryRetrySeconds * 1_000_000)
        #expect(try await look(test))
        try await test.release(hold)
        #expect(try await !look(test))
        test.clock.advance(microseconds: Limits.expiryRetrySeconds * 1_000_000)
        #expect(try await look(test))
        #expect(try await refusal { _ = try await test.get(held) } == .unknownImage)
    }

    @Test("nor does one that jumped while the daemon was away")
    func away() async throws {
        let test = try vault()
        try await test.put(TestImages.small)
        test.stop()
        test.clock.jump(microseconds: 31 * Self.day)
        let again = try test.reopened()
        defer { again.stop() }
        var schedule = ExpirySchedule(again.vault, creator: 0)
        #expect(await !schedule.look())
        again.clock.advance(microseconds: Limits.clockJumpWaitSeconds * 1_000_000)
        #expect(await schedule.look())
    }
}
