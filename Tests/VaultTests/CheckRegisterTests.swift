// The same of holds, tokens, canaries, incidents, and what is registered.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

extension CheckTests {
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
}
