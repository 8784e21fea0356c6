// The end of an epoch: only when nothing needs it, in the vault or in a registered backup, and by two where
// the settings say so. Nothing that was wrapped under it opens afterwards.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Destruction of an epoch")
struct DestructionTests {
    let memory = MemoryCatalog()

    private func vault(_ twoPerson: Set<TwoPersonRule> = []) throws -> TestVault {
        try TestVault(catalog: memory, signer: TestKeys.logSigner(), twoPerson: twoPerson)
    }

    /// The request that waits for a second person.
    private func waiting(_ result: DestructionResult) throws -> ApprovalRow {
        var request: ApprovalRow?
        if case .waiting(let row) = result { request = row }
        return try #require(request, "it did not wait")
    }

    @Test("a wrap of a destroyed epoch opens with nothing that is left")
    func destroyed() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        let old = memory.tables.wraps(of: .blob)[0]
        try await test.rotateWholly()
        #expect(try test.current.opens([old.bound]) == [true])
        let before = try test.current.keys.file
        guard case .destroyed(let generation) = try await test.destroy(1) else {
            Issue.record("it waits")
            return
        }
        #expect(generation == before.generation + 1)
        #expect(try test.current.state(of: .first) == .destroyed)
        #expect(try test.current.opens([old.bound]) == [false])
        #expect(throws: CryptoError.unknownKey) {
            _ = try test.current.unwrap(old.bytes, context: old.context)
        }
        #expect(try await test.get(image.image) == TestImages.small)
        let disk = try #require(test.keyFiles.file(.keyring))
        #expect(disk == (try test.current.keys.file))
        let event = try #require(try test.log().last { $0.action == "epoch.destroyed" })
        #expect((event.epoch, event.generation) == (1, generation))
        #expect(event.outcome == "done")
        #expect(try await refusal { try await test.destroy(1) } == .unknownEpoch)
    }

    @Test("one that is primary, unknown, or has a wrap under it stays")
    func needed() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        #expect(try await refusal { try await test.destroy(1) } == .epochInUse)
        #expect(try await refusal { try await test.destroy(2) } == .unknownEpoch)
        let refused = try test.log().filter { $0.action == "epoch.destroyed" }
        #expect(refused.map(\.epoch) == [1, 2])
        try await test.rotateWholly()
        #expect(try await refusal { try await test.destroy(2) } == .epochInUse)
        // As if one wrap had been left.
        memory.tamper {
            $0.images[0].key = WrappedKey(epoch: .first, bytes: $0.images[0].key.bytes)
        }
        #expect(try await refusal { try await test.destroy(1) } == .epochInUse)
        #expect(try test.current.state(of: .first) == .readable)
    }

    @Test("while keys are being moved none goes")
    func moving() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.rotateWholly()
        let answer = try await test.rotate()
        #expect(try await refusal { try await test.destroy(1) } == .operationConflict)
        // One that nobody with keys wrote is never worked on, so that it keeps nothing.
        memory.tamper { $0.operations[1].changedAt += 1 }
        try await test.destroy(1)
        memory.tamper { $0.operations[1].changedAt -= 1 }
        try await test.cancel(answer)
    }

    @Test("a registered backup that needs it is made anew and expired, lapses, or is named")
    func backups() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let named = try await test.register()
        let expired = try await test.register(expiresDays: 365)
        let lapsed = try await test.register(expiresDays: 30)
        #expect(try await test.backups().map(\.epochs) == [[.first], [.first], [.first]])
        try await test.rotateWholly()
        let refreshed = try await test.register(epochs: [2])
        #expect(try await test.backups().last?.epochs.map(\.value) == [2])
        #expect(try await refusal { try await test.destroy(1) } == .backupStranded)
        #expect(
            try await refusal { try await test.destroy(1, strand: [named]) } == .backupStranded)
        let unknown: BackupID = try Random.id()
        #expect(
            try await refusal { try await test.destroy(1, strand: [unknown]) } == .unknownBackup)
        test.clock.advance(microseconds: 30 * 86_400_000_000)
        _ = try await test.vault.expireBackup(expired, test.call())
        #expect(try await refusal { try await test.destroy(1) } == .backupStranded)
        try await test.destroy(1, strand: [named])
        let states = Dictionary(
            uniqueKeysWithValues: try await test.backups().map { ($0.backup, $0.state) })
        #expect(states[named] == .stranded && states[expired] == .expired)
        #expect(states[lapsed] == .kept && states[refreshed] == .kept)
        let lines = try test.log()
        #expect(lines.count { $0.action == "backup.registered" && $0.backup != nil } == 4)
        #expect(lines.contains { $0.action == "backup.expired" && $0.backup == expired.hex })
    }

    @Test("who writes the register without the keys strands nothing")
    func forged() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        _ = try await test.register()
        try await test.rotateWholly()
        memory.tamper { $0.backups[0].state = .expired }
        #expect(try await refusal { try await test.destroy(1) } == .rowDamaged)
        #expect(try test.current.state(of: .first) == .readable)
    }

    @Test("a backup of an epoch that there is not is not registered")
    func unknownEpoch() async throws {
        let test = try vault()
        defer { test.stop() }
        let code = try await refusal { _ = try await test.register(epochs: [1, 2]) }
        #expect(code == .unknownEpoch)
    }

    @Test("one that names no epochs needs every one there is: it was made before it is registered")
    func madeBefore() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        // Here somebody copies the vault; before they say so, its keys are rotated.
        try await test.rotateWholly()
        let registered = try await test.register()
        #expect(try await test.backups().last?.epochs.map(\.value) == [1, 2])
        #expect(try await refusal { try await test.destroy(1) } == .backupStranded)
        try await test.destroy(1, strand: [registered])
        _ = try await test.register()
        #expect(try await test.backups().last?.epochs.map(\.value) == [2])
    }

    @Test("a backup of an epoch that is destroyed is not registered")
    func destroyedEpoch() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.rotateWholly()
        try await test.destroy(1)
        let code = try await refusal { _ = try await test.register(epochs: [1, 2]) }
        #expect(code == .unknownEpoch)
        #expect(try await test.backups().isEmpty)
    }

    @Test("a full register loses the oldest that forbids nothing, and none that forbids")
    func full() async throws {
        let test = try vault()
        defer { test.stop() }
        let wanted = try await test.register()
        let lapsed = try await test.register(expiresDays: 1)
        let expired = try await test.register()
        _ = try await test.vault.expireBackup(expired, test.call())
        let kept = try #require(memory.tables.backups.first)
        memory.tamper { tables in
            for number in tables.backups.count..<Limits.backups {
                var row = kept
                row.row = Int64(number + 1)
                tables.backups.append(row)
            }
        }
        test.clock.advance(microseconds: 86_400_000_000)
        _ = try await test.register()
        #expect(!memory.tables.backups.contains { $0.backup == lapsed })
        // Who writes the register without the keys cannot make room.
        memory.tamper { $0.backups[1].changedAt += 1 }
        #expect(memory.tables.backups[1].backup == expired)
        #expect(try await refusal { _ = try await test.register() } == .overloaded)
        memory.tamper { $0.backups[1].changedAt -= 1 }
        _ = try await test.register()
        #expect(!memory.tables.backups.contains { $0.backup == expired })
        #expect(memory.tables.backups.count == Limits.backups)
        #expect(memory.tables.backups.contains { $0.backup == wanted })
        #expect(try await refusal { _ = try await test.register() } == .overloaded)
    }

    @Test("by two: who asked cannot approve, and not for ever")
    func twoPersons() async throws {
        let test = try vault([.destroyEpoch])
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotateWholly()
        let request = try waiting(try await test.destroy(1, uid: 5))
        #expect(try test.current.state(of: .first) == .readable)
        let asked = (id: request.approval, digest: request.digest)
        #expect(try test.log().last { $0.action == "destruction.requested" }?.epoch == 1)
        #expect(
            try await refusal { try await test.approveDestruction(asked, uid: 5) }
                == .secondPersonRequired)
        let other = (id: request.approval, digest: LogHash.digest([]))
        #expect(
            try await refusal { try await test.approveDestruction(other, uid: 6) }
                == .approvalMismatch)
        #expect(try test.current.state(of: .first) == .readable)
        #expect(try await refusal { try await test.approve(asked, uid: 6) } == .unknownApproval)
        let listed = try await test.vault.approvals(
            ofEpochs: true, after: 0, limit: 9, test.call())
        #expect(listed.approvals.map(\.approval) == [request.approval])
        let images = try await test.vault.approvals(after: 0, limit: 9, test.call())
        #expect(images.approvals.isEmpty)
        let performed = try await test.approveDestruction(asked, uid: 6)
        #expect(performed.state == .performed && performed.approver == 6)
        #expect(try test.current.state(of: .first) == .destroyed)
        let event = try #require(try test.log().last { $0.action == "epoch.destroyed" })
        #expect(event.approval == request.approval.hex && event.work == "destroy-epoch")
        #expect(
            try await refusal { try await test.approveDestruction(asked, uid: 7) } == .approvalUsed)

        try await test.rotateWholly()
        let late = try waiting(try await test.destroy(2, uid: 5))
        test.clock.advance(microseconds: Limits.approvalSeconds * 1_000_000 + 1)
        let code = try await refusal {
            try await test.approveDestruction((id: late.approval, digest: late.digest), uid: 6)
        }
        #expect(code == .approvalExpired)
        #expect(try test.current.state(of: EpochNumber(2)) == .readable)
    }

    @Test("an approved destruction is a success, though nothing can be read after it")
    func unreadable() async throws {
        let faults = Faults()
        let test = try TestVault(
            catalog: MemoryCatalog(faults: faults), signer: TestKeys.logSigner(),
            twoPerson: [.destroyEpoch])
        defer { test.stop() }
        try await test.rotateWholly()
        guard case .waiting(let request) = try await test.destroy(1, uid: 5) else { return }
        // It is looked at before the change, and in it.
        faults.arm("approval", time: 3, .unavailable(5))
        let done = try await test.approveDestruction(
            (id: request.approval, digest: request.digest), uid: 6)
        #expect(done.state == .performed && done.approver == 6)
        faults.disarm()
        let ends = try test.log().filter { $0.action == "epoch.destroyed" }
        #expect(ends.map(\.outcome) == ["done"])
    }

    @Test("what became needed between asking and approving stays")
    func neededMeanwhile() async throws {
        let test = try vault([.destroyEpoch])
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotateWholly()
        let request = try waiting(try await test.destroy(1, uid: 5))
        _ = try await test.register(epochs: [1])
        let code = try await refusal {
            try await test.approveDestruction(
                (id: request.approval, digest: request.digest), uid: 6)
        }
        #expect(code == .backupStranded)
        #expect(try test.current.state(of: .first) == .readable)
    }
}
