// Everything that is stored under new keys: what was seen before opens nothing that is made after, and
// nothing is lost on the way.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Re-encryption")
struct ReencryptionTests {
    let memory = MemoryCatalog()
    let blobs = MemoryBlobStore()

    private func vault(suite: Suite = .aes256GCM) throws -> TestVault {
        try TestVault(
            catalog: memory, blobs: blobs, suite: suite, signer: TestKeys.logSigner())
    }

    private func expectNoLitter() {
        #expect(blobs.names == Set(memory.tables.images.map(\.blob)))
    }

    @Test(
        "every image is in a new blob under a new key, every claim's words too, and all read as before"
    )
    func whole() async throws {
        let test = try vault()
        defer { test.stop() }
        let clinic = try TestClaim(owner: "ann", in: TestKeys.clinic)
        let large = try await test.put(TestImages.large).image
        try await test.put(TestImages.other, as: clinic)
        try await test.put(TestImages.large, as: TestClaim(owner: "bob", job: "7"))
        let hidden = try await test.put(TestImages.small).image
        try await test.quarantine(hidden.image)
        let before = memory.tables
        let answer = try await test.reencrypt()
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .done)
        #expect(operation.progress.failures == 0)
        let after = memory.tables
        #expect(try memory.census() == [2: 7])
        #expect(
            Set(after.images.map(\.blob)).isDisjoint(with: before.images.map(\.blob)))
        #expect(
            Set(after.references.map(\.sealedBody)).isDisjoint(
                with: before.references.map(\.sealedBody)))
        expectNoLitter()
        #expect(try await test.get(large.image) == TestImages.large)
        let words = try await test.metadata(large.image, as: TestClaim(owner: "bob", job: "7"))
        #expect(words.body.claim.owner?.description == "bob")
        #expect(try await test.list(as: clinic).images.count == 1)
        #expect(try await refusal { _ = try await test.get(hidden.image) } == .quarantined)
        // The keys are others, not only their wraps.
        let keyring = try test.current
        for (old, new) in zip(
            before.wraps(of: .blob) + before.wraps(of: .reference),
            after.wraps(of: .blob) + after.wraps(of: .reference))
        {
            let moved = try #require(try keyring.rewrapped([old.bound]).first ?? nil)
            #expect(moved != new.bytes)
        }
        let statement = try RotationStatement(
            parsing: SignedNote(parsing: try await test.statement(answer)).text)
        #expect(statement.work == .reencrypt && statement.keys == 7 && statement.opened == 7)
        try CatalogState(memory).check()
    }

    @Test("an old blob does not open with a new wrap, nor a new blob with an old one")
    func apart() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        let old = memory.tables.images[0]
        try await test.reencrypt()
        try await test.workToTheEnd()
        // Somebody who kept the old row puts it back: its blob is gone.
        memory.tamper { $0.images[0] = old }
        #expect(try await refusal { _ = try await test.get(image.image) } == .blobMissing)
    }

    @Test("new blobs have the cipher of the settings")
    func suite() async throws {
        let first = try vault()
        let image = try await first.put(TestImages.small).image
        first.stop()
        let second = try TestVault(
            catalog: memory, blobs: blobs, keyring: first.keyring, suite: .xchacha20Poly1305,
            signer: TestKeys.logSigner(), keyFiles: first.keyFiles)
        defer { second.stop() }
        try await second.reencrypt()
        try await second.workToTheEnd()
        #expect(try await second.get(image.image) == TestImages.small)
        let reader = try blobs.open(memory.tables.images[0].blob)
        let head = Array(try reader.read(at: 0, count: ObjectHeader.byteCount))
        #expect(try ObjectHeader(parsing: head).suite == .xchacha20Poly1305)
    }

    @Test("in one namespace only: no epoch is made, and nothing stated")
    func oneNamespace() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.put(TestImages.other, as: TestClaim(in: TestKeys.clinic))
        let before = memory.tables
        let answer = try await test.reencrypt(in: TestKeys.clinic)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .done)
        #expect(memory.tables.images[0] == before.images[0])
        #expect(memory.tables.references[0] == before.references[0])
        #expect(memory.tables.images[1].blob != before.images[1].blob)
        #expect(memory.tables.references[1].sealedBody != before.references[1].sealedBody)
        #expect(try test.current.epochs.count == 1)
        let code = try await refusal { _ = try await test.statement(answer) }
        #expect(code == .unknownStatement)
        expectNoLitter()
    }

    @Test(
        "a damaged image is listed and keeps its key, the others get theirs, and nothing is stated")
    func damaged() async throws {
        let test = try vault()
        defer { test.stop() }
        let broken = try await test.put(TestImages.small).image
        let sound = try await test.put(TestImages.other).image
        blobs.tamper(broken.blob) { $0[$0.count - 1] ^= 1 }
        let answer = try await test.reencrypt()
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .failed && operation.failure == .blobDamaged)
        #expect(try await test.findings(answer).first?.image == broken.image)
        #expect(try await test.get(sound.image) == TestImages.other)
        #expect(memory.tables.images[0].blob == broken.blob)
        #expect(try memory.census() == [1: 1, 2: 3])
        #expect(try await refusal { try await test.destroy(1) } == .epochInUse)
        expectNoLitter()
    }

    @Test("a reading that meets it between row and blob reads the new blob")
    func reading() async throws {
        let catalog = GatedReads(memory)
        let test = try TestVault(
            catalog: catalog, blobs: blobs, signer: TestKeys.logSigner())
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        try await test.reencrypt()
        // The row was read; before its blob is opened, everything is sealed anew.
        catalog.afterNextClaim { OwnThread.wait { try? await test.workToTheEnd() } }
        #expect(try await test.get(image.image) == TestImages.small)
        #expect(memory.tables.images[0].blob != image.blob)
    }

    @Test("an image that goes, and a claim made anew, while it works are left as they are")
    func busy() async throws {
        let test = try vault()
        defer { test.stop() }
        var kept: [ImageID: [UInt8]] = [:]
        for number in 0..<4 {
            kept[try await test.put(TestImages.numbered(number)).image.image] =
                TestImages.numbered(number)
        }
        let answer = try await test.reencrypt()
        let runner = OperationRunner(test.vault, share: 100)
        var number = 4
        while try await runner.turn() {
            let image = TestImages.numbered(number)
            kept[try await test.put(image).image.image] = image
            let (again, bytes) = try #require(kept.first)
            try await test.put(bytes)
            let gone = try #require(kept.keys.first { $0 != again })
            try await test.delete(gone)
            kept[gone] = nil
            for (id, image) in kept { #expect(try await test.get(id) == image) }
            number += 1
        }
        #expect(try await test.operation(answer).state == .done)
        #expect(try memory.census() == [2: 2 * kept.count])
        expectNoLitter()
        try CatalogState(memory).check()
    }
}
