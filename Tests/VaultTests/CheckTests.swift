// What was put back from an earlier time is authentic, and told from the log.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Checks of the rows against the log")
struct CheckTests {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()
    private let ann: TestClaim
    private let bob: TestClaim

    init() throws {
        ann = try TestClaim(owner: "ann", job: "7")
        bob = try TestClaim(owner: "bob")
    }

    private func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    private func index(_ action: EventAction) throws -> UInt64 { try memory.index(action) }

    /// Puts rows back as they were.
    private func putBack(_ body: (inout MemoryTables) -> Void) { memory.tamper(body) }

    /// What is found is one thing, of this image, and by this event.
    private func expectOne(
        _ test: TestVault, of image: ImageID?, _ event: UInt64?,
        _ code: ErrorCode = .rowRolledBack, location: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await test.check()
        #expect(found.map(\.code) == [code], sourceLocation: location)
        #expect(found.map(\.image) == [image], sourceLocation: location)
        #expect(found.map(\.event) == [event], sourceLocation: location)
        #expect(
            found.allSatisfy { ($0.namespace == nil) == (image == nil) }, sourceLocation: location)
    }

    // MARK: Claims and images

    @Test("a deleted claim that is there again is found, with or without its image")
    func deletedClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.small, as: bob)
        let both = memory.tables
        try await test.delete(id, as: ann)
        #expect(try await test.check().isEmpty)
        let deletion = try index(.imageDelete)
        let one = memory.tables
        putBack { $0.references = both.references }
        try await expectOne(test, of: id, deletion)
        putBack { $0.references = one.references }
        try await test.delete(id, as: bob)
        #expect(try await test.check().isEmpty)
        let last = try index(.imageDelete)
        putBack { ($0.images, $0.references) = (one.images, one.references) }
        try await expectOne(test, of: id, last)
        // The row of the image alone has no claim, as none ever has.
        putBack { $0.references = [] }
        try await expectOne(test, of: id, memory.tables.images[0].changedAt)
        // What is put anew is another claim.
        putBack { $0.images = [] }
        try await test.put(TestImages.small, as: bob)
        #expect(try await test.check().isEmpty)
    }

    @Test("an image that was erased from quarantine and is there again is found")
    func erased() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.quarantine(id)
        let before = memory.tables
        try await test.approve(test.ask(.eraseImage, id))
        #expect(try await test.check().isEmpty)
        let event = try index(.imageErased)
        putBack { ($0.images, $0.references) = (before.images, before.references) }
        try await expectOne(test, of: id, event)
    }

    @Test("a quarantine that is undone, and one that is back, are found")
    func quarantine() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let free = memory.tables
        try await test.quarantine(id)
        // A second time it stays as it is, and its row older than that event.
        try await test.quarantine(id)
        #expect(try await test.check().isEmpty)
        let event = try index(.imageQuarantined)
        let quarantined = memory.tables
        putBack { $0.images = free.images }
        let found = try await test.check()
        #expect(found.map(\.event) == [event - 1, event])
        #expect(found.allSatisfy { $0.code == .rowRolledBack && $0.image == id })
        putBack { $0.images = quarantined.images }
        try await test.approve(test.ask(.releaseImage, id))
        let released = try index(.imageReleased)
        #expect(try await test.check().isEmpty)
        putBack { $0.images = quarantined.images }
        try await expectOne(test, of: id, released)
    }

    @Test("a retention that is the one from before is found; a claim from after has its own")
    func retention() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        try await test.retain(id, .until(microseconds: 1 << 60))
        let event = try index(.retentionSet)
        try await test.put(TestImages.small, as: bob)
        #expect(try await test.check().isEmpty)
        putBack { $0.references[0] = before.references[0] }
        try await expectOne(test, of: id, event)
    }

    // MARK: Holds and registers

    @Test("a hold that is gone, and one that is back, are found")
    func holds() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let hold = try await test.hold(.image(.standard, id))
        try await test.hold(.claim(.standard, TestClaim(owner: "ann").claim))
        let owner = try index(.holdPlaced)
        let both = memory.tables
        putBack { $0.holds.removeLast() }
        let found = try await test.check()
        #expect(found.map(\.event) == [owner])
        #expect(found.map(\.code) == [.rowRolledBack])
        #expect(found.map(\.image) == [nil])
        #expect(found.map(\.namespace) == [.standard])
        putBack { $0.holds = [both.holds[1]] }
        try await expectOne(test, of: id, owner - 1)
        putBack { $0.holds = both.holds }
        #expect(try await test.check().isEmpty)
        try await test.release(hold)
        #expect(try await test.check().isEmpty)
        let released = try index(.holdReleased)
        putBack { $0.holds = both.holds }
        try await expectOne(test, of: id, released)
        putBack {
            $0.holds.removeFirst()
            $0.holds[0].changedAt += 1
        }
        #expect(try await test.check().map(\.code) == [.rowDamaged])
    }

    @Test("a canary that is gone, one that is changed, and one that is back, are found")
    func canaries() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let place = ImagePlace(.standard, id)
        for note in ["attic", "cellar"] {
            _ = try await test.vault.plantCanary(
                place, note: AdminNote(note), test.call(uid: 0, door: .admin))
        }
        let planted = try index(.canaryPlanted)
        let rows = memory.tables.canaries
        #expect(try await test.check().isEmpty)
        putBack { $0.canaries = [] }
        try await expectOne(test, of: id, planted)
        putBack { tables in tables.canaries = rows.map { $0.authenticated(by: test.keyring, at: 1) }
        }
        try await expectOne(test, of: id, planted)
        putBack { tables in
            tables.canaries = rows
            tables.canaries[0].changedAt += 1
        }
        #expect(try await test.check().map(\.code) == [.rowDamaged])
        putBack { $0.canaries = rows }
        _ = try await test.vault.liftCanary(place, test.call(uid: 0, door: .admin))
        #expect(try await test.check().isEmpty)
        let lifted = try index(.canaryLifted)
        putBack { $0.canaries = rows }
        try await expectOne(test, of: id, lifted)
    }

    @Test("a token that is gone, one whose older secret is back, and a revoked one, are found")
    func tokens() async throws {
        let test = try vault()
        defer { test.stop() }
        let call = test.call(uid: 0, door: .admin)
        func make() async throws -> AccessTokenID {
            let order = AccessTokenOrder(
                principal: try PrincipalName("thumbs"), scopes: .all, days: 1, note: .none)
            _ = try await test.vault.createToken(order, call, at: nil) { _, _ in
                StoredAnswer(status: 201, body: [])
            }
            return try #require(memory.tables.accessTokens.last).token
        }
        let (one, other) = (try await make(), try await make())
        let made = memory.tables
        _ = try await test.vault.rotateToken(one, days: 1, overlapSeconds: 60, call)
        let rotated = memory.tables
        #expect(try await test.check().isEmpty)
        putBack { $0.accessTokens = made.accessTokens }
        var found = try await test.check()
        #expect(found.map(\.code) == [.rowRolledBack])
        #expect(found.map(\.event) == [try index(.tokenRotated)])
        putBack { $0.accessTokens = [rotated.accessTokens[0]] }
        found = try await test.check()
        #expect(found.map(\.code) == [.rowRolledBack])
        putBack { $0.accessTokens = rotated.accessTokens }
        _ = try await test.vault.revokeToken(other, call)
        #expect(try await test.check().isEmpty)
        putBack { $0.accessTokens = rotated.accessTokens }
        found = try await test.check()
        #expect(found.map(\.code) == [.rowRolledBack])
        #expect(found.map(\.event) == [try index(.tokenRevoked)])
    }

    @Test("an incident that is gone, and one that is as it was before it was contained, are found")
    func incidents() async throws {
        let test = try vault()
        defer { test.stop() }
        let call = test.call(uid: 1000, door: .admin)
        let policy = AccessPolicy(rules: [])
        let row = try await test.vault.openIncident(
            of: PrincipalName("web"), note: AdminNote("seen"), under: policy, call)
        let before = memory.tables.incidents
        try await test.vault.contain(
            row.incident, to: .suspend, minutes: 5, under: policy, call)
        let after = memory.tables.incidents
        let set = try index(.containmentSet)
        for rows in [[], before] {
            putBack { $0.incidents = rows }
            try await expectOne(test, of: nil, set)
        }
        putBack { $0.incidents = after }
        #expect(try await test.check().isEmpty)
    }

    @Test("what an erased event may have done to a token or a hold is no finding")
    func erasedEvents() async throws {
        let test = try vault()
        defer { test.stop() }
        let call = test.call(uid: 0, door: .admin)
        let order = AccessTokenOrder(
            principal: try PrincipalName("thumbs"), scopes: .all, days: 1, note: .none)
        func make() async throws -> AccessTokenID {
            _ = try await test.vault.createToken(order, call, at: nil) { _, _ in
                StoredAnswer(status: 201, body: [])
            }
            return try #require(memory.tables.accessTokens.last).token
        }
        let (one, other) = (try await make(), try await make())
        let hold = try await test.hold(.claim(.standard, TestClaim(owner: "ann").claim))
        let from = try #require(memory.tables.events.last).index + 1
        _ = try await test.vault.rotateToken(one, days: 1, overlapSeconds: 60, call)
        _ = try await test.vault.revokeToken(other, call)
        try await test.release(hold)
        let to = try #require(memory.tables.events.last).index + 1
        #expect(try await test.check().isEmpty)
        _ = try await test.vault.eraseEvents(from..<to, reason: AdminNote("by mistake"), call)
        #expect(try await test.check().isEmpty)
    }

    @Test("a rotated token among as many as there may be is no finding")
    func manyTokens() async throws {
        let test = try vault()
        defer { test.stop() }
        let call = test.call(uid: 0, door: .admin)
        let order = AccessTokenOrder(
            principal: try PrincipalName("thumbs"), scopes: .all, days: 1, note: .none)
        func make() async throws {
            _ = try await test.vault.createToken(order, call, at: nil) { _, _ in
                StoredAnswer(status: 201, body: [])
            }
        }
        for _ in 0..<Limits.accessTokens { try await make() }
        #expect(try await refusal { try await make() } == .tooManyTokens)
        let first = try #require(memory.tables.accessTokens.first).token
        _ = try await test.vault.rotateToken(first, days: 1, overlapSeconds: 60, call)
        #expect(try await test.check().isEmpty)
    }

    @Test("a copy of the keyring that is not destroyed again, or not there, is found")
    func escrows() async throws {
        let test = try vault()
        defer { test.stop() }
        let escrow = try await test.registerEscrow()
        let before = memory.tables
        try await test.attest(escrow)
        #expect(try await test.check().isEmpty)
        let (registered, attested) = (try index(.escrowRegistered), try index(.escrowAttested))
        putBack { $0.escrows = before.escrows }
        try await expectOne(test, of: nil, attested)
        putBack { $0.escrows = [] }
        #expect(try await test.check().map(\.event) == [registered, attested])
    }

    @Test("somebody's word that is an earlier one, or not there, is found")
    func attestations() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.attest(.firewall)
        let (first, before) = (try index(.attestationMade), memory.tables)
        try await test.attest(.firewall)
        #expect(try await test.check().isEmpty)
        let second = try index(.attestationMade)
        putBack { $0.attestations = before.attestations }
        try await expectOne(test, of: nil, second)
        putBack { $0.attestations = [:] }
        #expect(try await test.check().map(\.event) == [first, second])
    }

    @Test("a backup that is wanted again, and an approval that waits again, are found")
    func registers() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let backup = try await test.register()
        try await test.quarantine(id)
        let asked = try await test.ask(.releaseImage, id)
        let before = memory.tables
        _ = try await test.vault.expireBackup(backup, test.call())
        try await test.approve(asked)
        #expect(try await test.check().isEmpty)
        let after = memory.tables
        putBack { $0.backups = before.backups }
        try await expectOne(test, of: nil, index(.backupExpired))
        putBack { ($0.backups, $0.approvals) = (after.backups, before.approvals) }
        try await expectOne(test, of: id, index(.imageReleased))
    }

    // MARK: Keys

    @Test("a wrap from before a rotation, and an epoch that is not destroyed, are found")
    func keys() async throws {
        let test = try vault()
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        try await test.rotateWholly()
        #expect(try await test.check().isEmpty)
        let after = memory.tables
        putBack { $0.images = before.images }
        try await expectOne(test, of: id, before.images[0].changedAt)
        putBack { ($0.images, $0.references) = (after.images, before.references) }
        try await expectOne(test, of: id, before.references[0].changedAt)
        putBack { $0.references = after.references }
        let old = try test.current
        try await test.destroy(1)
        #expect(try await test.check().isEmpty)
        test.stop()
        let other = try TestVault(catalog: memory, blobs: blobs, keyring: old)
        defer { other.stop() }
        try await expectOne(other, of: nil, index(.epochDestroyed))
    }

    @Test("a row from before everything was encrypted anew is found, whatever its wrap")
    func reencrypted() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        // Of one namespace only it says nothing of the others.
        try await test.reencrypt(in: TestKeys.clinic)
        try await test.workToTheEnd()
        #expect(try await test.check().isEmpty)
        try await test.reencrypt()
        try await test.workToTheEnd()
        #expect(try await test.check().isEmpty)
        putBack {
            let key = $0.images[0].key
            $0.images = before.images
            $0.images[0].key = key
        }
        try await expectOne(test, of: id, before.images[0].changedAt)
    }

    // MARK: Rows

    @Test("a row that does not verify is damaged; one that names another event is older")
    func rows() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let other = try await test.put(TestImages.other, as: bob).image.image
        try await test.delete(other, as: bob)
        let sound = memory.tables
        putBack { $0.images[0].quarantinedMicroseconds = 5 }
        let damaged = try await test.check()
        // The claim is bound to the image's address, which stands.
        #expect(damaged.map(\.code) == [.rowDamaged] && damaged.map(\.image) == [id])
        putBack {
            $0.images = sound.images
            $0.references[0].retention = .until(microseconds: 9)
        }
        #expect(try await test.check().map(\.code) == [.rowDamaged])
        let keyring = test.keyring
        // Another's put, a deletion, an event that is to come.
        let strange = [sound.images[0].changedAt + 1, try index(.imageDelete), 1 << 40]
        for event in strange {
            putBack {
                $0.images = [sound.images[0].authenticated(by: keyring, at: event)]
                $0.references = sound.references
            }
            try await expectOne(test, of: id, event)
            putBack {
                $0.images = sound.images
                $0.references = [
                    sound.references[0].authenticated(of: sound.images[0], by: keyring, at: event)
                ]
            }
            try await expectOne(test, of: id, event)
        }
    }

    // MARK: The log

    @Test("an event that is missing, changed or in clear is found, and a tree that ends elsewhere")
    func log() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.other, as: bob)
        for _ in 0..<5 { try await test.vault.recordService(.serviceStarted) }
        let sound = memory.tables.events
        func expect(
            _ event: UInt64?, location: SourceLocation = #_sourceLocation,
            _ body: (inout [EventRow]) -> Void
        ) async throws {
            memory.tamper { body(&$0.events) }
            let found = try await test.check()
            #expect(!found.isEmpty, sourceLocation: location)
            #expect(found.allSatisfy { $0.code == .catalogDamaged }, sourceLocation: location)
            #expect(found.contains { $0.event == event }, sourceLocation: location)
            // The log grew meanwhile.
            memory.tamper {
                $0.events = sound + $0.events.filter { $0.index >= UInt64(sound.count) }
            }
            #expect(try await test.check().isEmpty, sourceLocation: location)
        }
        try await expect(4) { $0.remove(at: 4) }
        try await expect(4) { $0[4] = Self.row($0[4], content: $0[5].content) }
        try await expect(4) { $0[4] = Self.row($0[4], action: .serviceStopped) }
        try await expect(4) { $0[4] = Self.row($0[4], digest: $0[5].digest) }
        try await expect(nil) { $0[4] = Self.row($0[4], digest: $0[5].digest) }
        // In clear anybody writes it: of an image it is none, and the tree is another.
        let at = sound[0].atMicroseconds
        let clear =
            [UInt8](repeating: 0, count: 32)
            + Event(.imagePut, atMicroseconds: at).body(index: 0)
        memory.tamper {
            $0.events[0] = EventRow(
                index: 0, atMicroseconds: at, action: .imagePut, outcome: .done, image: id,
                digest: LogHash.digest(clear), content: .clear(clear))
        }
        let found = try await test.check()
        #expect(found.map(\.code) == [.catalogDamaged, .catalogDamaged])
        #expect(found.map(\.event) == [0, nil])
    }

    private static func row(
        _ event: EventRow, action: EventAction? = nil, digest: Digest256? = nil,
        content: EventRow.Content? = nil
    ) -> EventRow {
        EventRow(
            index: event.index, atMicroseconds: event.atMicroseconds,
            action: action ?? event.action, outcome: event.outcome, image: event.image,
            digest: digest ?? event.digest, content: content ?? event.content)
    }
}

extension MemoryCatalog {
    /// The newest event of an action that was done.
    func index(_ action: EventAction) throws -> UInt64 {
        try #require(tables.events.last { $0.action == action && $0.outcome == .done }).index
    }
}
