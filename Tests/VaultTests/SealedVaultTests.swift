// A vault without its keys: it answers, gives nothing away, and still keeps its log.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Sealed vault")
struct SealedVaultTests {
    /// A sealed vault that holds an image, and the image's id.
    private func sealed() async throws -> (test: TestVault, id: ImageID, catalog: MemoryCatalog) {
        let memory = MemoryCatalog()
        let open = try TestVault(catalog: memory)
        let id = try await open.put(TestImages.small, as: TestClaim(owner: "ann")).image.image
        open.stop()
        return (try open.reopened(isSealed: true), id, memory)
    }

    @Test("every verb that needs a key is refused, and changes nothing")
    func refuses() async throws {
        let (test, id, memory) = try await sealed()
        defer { test.stop() }
        #expect(test.vault.isSealed)
        let who = try TestClaim(owner: "ann")
        let verbs: [() async throws -> Void] = [
            { try await test.put(TestImages.other) }, { _ = try await test.get(id, as: who) },
            { try await test.delete(id, as: who) }, { _ = try await test.list() },
            { _ = try await test.metadata(id, as: who) },
        ]
        for verb in verbs { #expect(try await refusal(of: verb) == .sealed) }
        let state = try CatalogState(memory)
        try state.check()
        #expect(state.totals.images == 1)
        // An upload is refused before it is received; every other refusal is in the log.
        #expect(state.events.count == 1 + verbs.count - 1)
    }

    @Test("an upload that was received before the vault was sealed is refused, and logged")
    func lateUpload() async throws {
        let (test, _, _) = try await sealed()
        let open = try TestVault()
        defer {
            open.stop()
            test.stop()
        }
        let upload = try await open.vault.receive(bytes: 10, in: .standard)
        let request = PutRequest(
            name: try FileName("a.png"), declaredType: nil, claim: Claim.unnamed)
        #expect(
            try await refusal { _ = try await test.vault.put(upload, request, test.call()) }
                == .sealed)
        #expect(try test.log().last?.summary == "image.put failed sealed")
    }

    @Test("a sealed vault's events hold only who by number, and the code")
    func bareEvents() async throws {
        let (test, id, memory) = try await sealed()
        defer { test.stop() }
        _ = try await refusal { try await test.delete(id) }
        let row = try #require(memory.tables.events.last)
        #expect(row.image == nil)
        let line = try #require(try test.log().last)
        #expect(line.summary == "image.delete failed sealed")
        #expect((line.uid, line.pid, line.door) == (1001, 0, "images"))
        #expect(line.image == nil && line.namespace == nil && line.requestId == nil)
    }

    @Test("status tells that the vault is sealed, and its counts")
    func status() async throws {
        let (test, _, _) = try await sealed()
        defer { test.stop() }
        let status = try await test.vault.status(test.call())
        #expect(status.isSealed)
        #expect((status.totals.images, status.totals.references) == (1, 1))
        #expect(status.census == [1: 2])
        #expect(status.logSize == 2)
    }

    @Test("what was stored reads again when the vault has its keys again")
    func unsealed() async throws {
        let (test, id, _) = try await sealed()
        _ = try await refusal { try await test.delete(id) }
        test.stop()
        let open = try test.reopened()
        defer { open.stop() }
        #expect(try await open.get(id) == TestImages.small)
        #expect(try await open.list().images.count == 1)
        try CatalogState(open.catalog).check()
    }

    @Test("with another vault's keys rows and wraps are refused, not misread")
    func otherKeys() async throws {
        let (test, id, memory) = try await sealed()
        test.stop()
        let other = try TestVault(catalog: memory, blobs: test.blobs)
        defer { other.stop() }
        #expect(try await refusal { _ = try await other.get(id) } == .rowDamaged)
        #expect(try await refusal { _ = try await other.list() } == .rowDamaged)
        #expect(try await other.vault.events(from: 0, limit: 1, other.call()).events[0].body == nil)
    }

    @Test("keys fit a catalog when they open its first event, and no others do")
    func fits() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        #expect(try !Vault.fits(test.keyring, memory))
        _ = try await test.list()
        #expect(try Vault.fits(test.keyring, memory))
        #expect(try !Vault.fits(TestKeys.keyring(), memory))
        var rows = TestRows()
        memory.tamper { $0.events = [rows.event(0)] }
        #expect(try !Vault.fits(test.keyring, memory))
    }

    @Test("status answers while the log cannot be written, and other verbs do not")
    func statusWhileBroken() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        memory.faults.arm("commit", .unavailable(5))
        #expect(try await refusal { _ = try await test.list() } == .auditUnavailable)
        #expect(try await test.vault.status(test.call()).logSize == 0)
        #expect(try await refusal { _ = try await test.list() } == .auditUnavailable)
        #expect(memory.tables.events.isEmpty)
    }
}
