// Access tokens and fetch tickets: what each is good for, until when, and what is left of it afterwards.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("A bearer", .serialized)
struct BearerTests {
    private let memory = MemoryCatalog()
    private let principal: PrincipalName
    private static let day: Int64 = 86_400_000_000

    init() throws { principal = try PrincipalName("thumbs") }

    /// What was told of a token: its id and its secret.
    private struct Made {
        let token: AccessTokenRow
        let secret: BearerText
    }

    private func token(
        _ test: TestVault, days: Int = 90, scopes: TokenScopes = .all
    ) async throws -> Made {
        let told = Mutex<Made?>(nil)
        _ = try await test.vault.createToken(
            AccessTokenOrder(principal: principal, scopes: scopes, days: days, note: .none),
            test.call(uid: 0, door: .admin), at: nil
        ) { row, secret in
            if let secret { told.withLock { $0 = Made(token: row, secret: secret) } }
            return StoredAnswer(status: 201, body: [])
        }
        return try #require(told.withLock { $0 })
    }

    private func ticket(
        _ test: TestVault, _ image: ImageID, reads: Int = 1, seconds: Int = 300,
        as claim: TestClaim = .unnamed
    ) async throws -> (ticket: TicketRow, secret: BearerText) {
        try await test.vault.createTicket(
            for: image, claim: claim.claim, reads: reads, seconds: seconds, of: principal,
            test.call())
    }

    private func read(
        _ test: TestVault, _ image: ImageID, with secret: BearerText
    ) async throws -> [UInt8] {
        guard let bearer = try test.vault.bearer(secret) else { throw VaultError(.ticketRefused) }
        let call = Call(
            caller: TestVault.caller, request: TestVault.request, namespace: .standard,
            bearer: bearer)
        let opened = try await test.vault.open(image, claim: .unnamed, call)
        var bytes: [UInt8] = []
        for index in opened.frames { bytes += try await test.vault.frame(index, of: opened) }
        test.vault.ended(opened, bytes: bytes.count, failure: nil)
        return bytes
    }

    // MARK: Access tokens

    @Test("speaks for its principal until its time is over, and nothing of its secret is kept")
    func expires() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let scopes = TokenScopes([.getImages])
        let made = try await token(test, days: 2, scopes: scopes)
        test.clock.advance(microseconds: 2 * Self.day - 1)
        let found = try #require(try test.vault.bearer(made.secret))
        #expect(found.principal == principal && found.scopes == scopes)
        #expect(found.token == made.token.token)
        #expect(try test.vault.bearer(.random(.token)) == nil)
        test.clock.advance(microseconds: 1)
        #expect(try test.vault.bearer(made.secret) == nil)
        let row = try #require(memory.tables.accessTokens.first)
        #expect(row.digest == test.keyring.digest(made.secret))
        let event = try #require(try test.log().first { $0.action == "token.created" })
        #expect(event.token == made.token.token.hex && event.scopes == "images.get")
        #expect(event.principal == "thumbs")
    }

    @Test("goes on with its old secret for the overlap, and with one old secret alone")
    func rotates() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let first = try await token(test)
        func rotate(_ seconds: Int) async throws -> BearerText {
            try await test.vault.rotateToken(
                first.token.token, days: 90, overlapSeconds: seconds,
                test.call(uid: 0, door: .admin)
            ).secret
        }
        let second = try await rotate(3600)
        test.clock.advance(microseconds: 3_599_999_999)
        for secret in [first.secret, second] {
            #expect(try test.vault.bearer(secret)?.token == first.token.token)
        }
        test.clock.advance(microseconds: 1)
        #expect(try test.vault.bearer(first.secret) == nil)
        #expect(try test.vault.bearer(second) != nil)
        let third = try await rotate(3600)
        let fourth = try await rotate(0)
        for secret in [second, third] { #expect(try test.vault.bearer(secret) == nil) }
        #expect(try test.vault.bearer(fourth) != nil)
        #expect(try test.log().count { $0.action == "token.rotated" } == 3)
    }

    @Test("that has expired is not brought back by an overlap")
    func rotatesLate() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let made = try await token(test, days: 1)
        test.clock.advance(microseconds: Self.day)
        let (row, secret) = try await test.vault.rotateToken(
            made.token.token, days: 1, overlapSeconds: 3600, test.call(uid: 0, door: .admin))
        #expect(row.previous == nil)
        #expect(try test.vault.bearer(made.secret) == nil)
        #expect(try test.vault.bearer(secret) != nil)
    }

    @Test("is over at once when it is revoked, with both its secrets")
    func revoked() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let made = try await token(test)
        let call = test.call(uid: 0, door: .admin)
        let (_, second) = try await test.vault.rotateToken(
            made.token.token, days: 1, overlapSeconds: 3600, call)
        _ = try await test.vault.revokeToken(made.token.token, call)
        for secret in [made.secret, second] { #expect(try test.vault.bearer(secret) == nil) }
        #expect(
            try await refusal {
                _ = try await test.vault.revokeToken(made.token.token, call)
            } == .unknownToken)
        #expect(try await test.vault.accessTokens(after: 0, limit: 10, call).tokens.isEmpty)
    }

    @Test("whose row was changed speaks for nobody")
    func tampered() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let made = try await token(test, days: 1)
        memory.tamper { $0.accessTokens[0].expiresMicroseconds += Self.day }
        #expect(throws: VaultError(.rowDamaged)) { try test.vault.bearer(made.secret) }
    }

    @Test("is not known to a sealed vault")
    func sealed() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let made = try await token(test)
        try await test.vault.seal(test.call(uid: 0, door: .admin))
        #expect(throws: VaultError(.sealed)) { try test.vault.bearer(made.secret) }
    }

    // MARK: Tickets

    @Test("with a ticket reads one image as often as it says, under the claim of who gave it")
    func tickets() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let ann = try TestClaim(owner: "ann", job: "7")
        let image = try await test.put(TestImages.small, as: ann).image.image
        let (row, secret) = try await ticket(test, image, reads: 2, as: ann)
        #expect(try await read(test, image, with: secret) == TestImages.small)
        #expect(memory.tables.tickets.map(\.reads) == [1])
        #expect(try await read(test, image, with: secret) == TestImages.small)
        #expect(try test.vault.bearer(secret) == nil)
        #expect(memory.tables.tickets.isEmpty)
        let readings = try await test.settledLog().filter { $0.ticket == row.ticket.hex }
        #expect(
            readings.map(\.action).sorted()
                == ["read.begun", "read.begun", "read.ended", "read.ended", "ticket.created"])
    }

    @Test("with a ticket that several use at once reads as often as it says, and no more")
    func ticketsAtOnce() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        let (_, secret) = try await ticket(test, image, reads: 3)
        let read = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask { (try? await self.read(test, image, with: secret)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(read == 3)
    }

    @Test("with a ticket reads until its time is over, and nothing once the image is gone")
    func ticketEnds() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        let (_, short) = try await ticket(test, image, reads: 9, seconds: 10)
        let (_, long) = try await ticket(test, image, reads: 9, seconds: 100)
        test.clock.advance(microseconds: 9_999_999)
        #expect(try await read(test, image, with: short) == TestImages.small)
        test.clock.advance(microseconds: 1)
        #expect(try test.vault.bearer(short) == nil)
        #expect(try test.vault.bearer(long) != nil)
        try await test.delete(image)
        #expect(try test.vault.bearer(long) == nil)
        #expect(memory.tables.tickets.isEmpty)
        #expect(try await refusal { _ = try await ticket(test, image) } == .unknownImage)
        // Stored again, it is not what was given away.
        try await test.put(TestImages.small)
        #expect(try test.vault.bearer(long) == nil)
    }

    @Test("with a ticket reads under its claim while that stands, whoever claims the image later")
    func ticketClaims() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let (ann, bob) = (try TestClaim(owner: "ann"), try TestClaim(owner: "bob", job: "7"))
        let image = try await test.put(TestImages.small, name: "ann.png", as: ann).image.image
        let (_, secret) = try await ticket(test, image, reads: 9)
        try await test.put(TestImages.small, name: "bob.png", as: bob)
        func name() async throws -> String {
            let call = Call(
                caller: TestVault.caller, request: TestVault.request, namespace: .standard,
                bearer: try test.vault.bearer(secret))
            // What the request claims besides is not looked at.
            let told = try await test.vault.metadata(
                image, claim: bob.claim, as: .imageProbe, call)
            return told.body.name.text
        }
        #expect(try await name() == "ann.png")
        #expect(memory.tables.tickets.map(\.reads) == [8], "it costs a reading")
        // The same claim again: the same ticket.
        try await test.put(TestImages.small, name: "again.png", as: ann)
        #expect(try await name() == "again.png")
        try await test.delete(image, as: ann)
        #expect(memory.tables.tickets.isEmpty)
        #expect(try await test.get(image, as: bob) == TestImages.small)
    }

    @Test("with a ticket whose row was changed reads nothing")
    func tamperedTicket() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        let (_, secret) = try await ticket(test, image)
        memory.tamper { $0.tickets[0].reads = 1000 }
        #expect(throws: VaultError(.rowDamaged)) { try test.vault.bearer(secret) }
    }

    @Test("makes room for its successors when it has expired")
    func swept() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image.image
        for _ in 0..<Limits.ticketSweep + 2 { _ = try await ticket(test, image, seconds: 1) }
        test.clock.advance(microseconds: 1_000_000)
        _ = try await ticket(test, image)
        #expect(memory.tables.tickets.count == 3)
        _ = try await ticket(test, image)
        #expect(memory.tables.tickets.count == 2)
    }

    // MARK: Bad secrets

    @Test("that is bad makes its user wait longer each time, and locks nobody; only time forgives")
    func slows() async throws {
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let call = test.call(uid: 33)
        let good = try await token(test)
        var waits: [Int64] = []
        for _ in 0..<30 {
            // Somebody else's behind the same proxy.
            #expect(try test.vault.bearer(good.secret) != nil)
            if let wait = try await test.vault.refuseBearer(from: principal, call) {
                waits.append(wait)
                test.clock.advance(microseconds: wait)
            }
        }
        let seconds = waits.map { $0 / 1_000_000 }
        #expect(seconds.prefix(7) == [1, 2, 4, 8, 16, 32, 60] && seconds.allSatisfy { $0 <= 60 })
        #expect(try await test.vault.refuseBearer(from: principal, test.call(uid: 34)) == nil)
        test.clock.advance(microseconds: 900_000_000)
        for expected in [nil, nil, 1_000_000] as [Int64?] {
            #expect(try await test.vault.refuseBearer(from: principal, call) == expected)
        }
    }
}
