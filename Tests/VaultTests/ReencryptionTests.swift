// Everything that is stored under new keys: what was seen before opens nothing that is made after, and
// nothing is lost on the way.

import Synchronization
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
        let oldBytes = try #require(blobs.content(of: old.blob))
        try await test.reencrypt()
        try await test.workToTheEnd()
        let new = memory.tables.images[0]
        let newBytes = try #require(blobs.content(of: new.blob))
        func get(_ row: ImageRow, _ wrap: WrappedKey, _ bytes: [UInt8]) async throws -> ErrorCode? {
            memory.tamper {
                $0.images[0] = row
                $0.images[0].key = wrap
            }
            blobs.plant(row.blob, bytes)
            return try await refusal { _ = try await test.get(image.image) }
        }
        // Somebody who kept the old row puts it back: its blob is gone.
        memory.tamper { $0.images[0] = old }
        #expect(try await refusal { _ = try await test.get(image.image) } == .blobMissing)
        // Whatever of the old row and blob, kept by somebody, stands beside what is new.
        #expect(try await get(new, new.key, oldBytes) == .blobDamaged)
        #expect(try await get(old, old.key, newBytes) == .blobDamaged)
        #expect(try await get(new, old.key, newBytes) == .wrapDamaged)
        #expect(try await get(old, new.key, oldBytes) == .wrapDamaged)
        #expect(try await get(new, new.key, newBytes) == nil)
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

    /// In a process of its own: a full keyring fills half of a process's memory for keys.
    @Test("in one namespace also where the keyring has no room for another epoch")
    func oneNamespaceOfAFullKeyring() async {
        await #expect(processExitsWith: .success) {
            let few = try TestKeys.keyring().keys.file.entries.count
            let names = (few..<Limits.keyEntries).map {
                KeyEntry(purpose: .naming, createdMicroseconds: 0, name: "n\($0)")
            }
            let memory = MemoryCatalog()
            let test = try TestVault(catalog: memory, keyring: TestKeys.keyring(names))
            defer { test.stop() }
            let image = try await test.put(TestImages.small, as: TestClaim(in: TestKeys.clinic))
            #expect(try await refusal { try await test.rotate() } == .tooManyEpochs)
            #expect(try await refusal { try await test.reencrypt() } == .tooManyEpochs)
            let answer = try await test.reencrypt(in: TestKeys.clinic)
            try await test.workToTheEnd()
            #expect(try await test.operation(answer).state == .done)
            #expect(memory.tables.images[0].blob != image.image.blob)
        }
    }

    @Test("in one namespace goes on under the epoch that became primary while it was asked for")
    func oneNamespaceAfterARotation() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small, as: TestClaim(in: TestKeys.clinic))
        let answer = try await test.vault.startReencryption(
            in: TestKeys.clinic, test.call(), at: nil
        ) {
            // What it goes by was read; before it is committed, a rotation comes and ends.
            OwnThread.wait { try? await test.rotateWholly() }
            return StoredAnswer(status: 202, body: $0.operation.bytes)
        }
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .done)
        #expect(try memory.census() == [2: 2])
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

    @Test("a blob that cannot be read is a failure of its image, and the others get their keys")
    func unreadable() async throws {
        for step in ["open", "read"] {
            let memory = MemoryCatalog()
            let blobs = MemoryBlobStore()
            let test = try TestVault(catalog: memory, blobs: blobs, signer: TestKeys.logSigner())
            defer { test.stop() }
            let first = try await test.put(TestImages.large).image
            try await test.put(TestImages.other)
            let answer = try await test.reencrypt()
            // Of "read" it is not the first, which brings the header, but a later frame.
            blobs.faults.arm(step, time: step == "read" ? 2 : 1, .unavailable(5))
            try await test.workToTheEnd()
            #expect(blobs.faults.failed == step)
            let operation = try await test.operation(answer)
            #expect(operation.state == .failed && operation.failure == .blobDamaged)
            // Its wrap stays under the older epoch, which the walk that opens them finds again.
            let findings = try await test.findings(answer)
            #expect(findings.map(\.code) == [.storageUnavailable, .wrapDamaged])
            #expect(Set(findings.map(\.image)) == [first.image])
            #expect(memory.tables.images[0].blob == first.blob)
            #expect(try memory.census() == [1: 1, 2: 3])
            #expect(blobs.names == Set(memory.tables.images.map(\.blob)))
        }
    }

    @Test("a blob that cannot be written is waited for: that is no failure of its image")
    func unwritable() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.put(TestImages.other)
        let answer = try await test.reencrypt()
        blobs.faults.arm("commit blob", time: 2, .unavailable(5))
        #expect(try await refusal { try await test.workToTheEnd() } == .storageUnavailable)
        expectNoLitter()
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .done)
        #expect(try await test.operation(answer).progress.failures == 0)
        expectNoLitter()
    }

    @Test("a seal between two images of a step leaves no blob, and none that the sweep spares")
    func sealedBetween() async throws {
        let watched = WatchedBlobs(blobs)
        let test = try TestVault(
            catalog: memory, blobs: watched, keyring: TestKeys.passphraseKeyring(),
            signer: TestKeys.logSigner())
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.put(TestImages.other)
        try await test.reencrypt()
        let stored = blobs.names
        // The first image is sealed anew; the second is not begun.
        watched.whenCommitted { OwnThread.wait { try? await test.vault.seal(test.call()) } }
        #expect(try await refusal { try await test.workToTheEnd() } == .sealed)
        #expect(blobs.names == stored)
        let made = try #require(watched.created.last)
        #expect(!stored.contains(made))
        blobs.plant(made, [1])
        test.clock.advance(microseconds: 1)
        #expect(try test.vault.sweep() == 1)
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

/// Blobs that tell which were begun, and let a test act when one is durable.
private final class WatchedBlobs: BlobStore {
    private let inner: MemoryBlobStore
    private let state = Mutex<(created: [BlobID], action: (@Sendable () -> Void)?)>(([], nil))

    init(_ inner: MemoryBlobStore) { self.inner = inner }

    var created: [BlobID] { state.withLock(\.created) }

    /// Runs `body` after the next blob is durable.
    func whenCommitted(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.action = body }
    }

    func create(_ blob: BlobID, bytes: Int) throws(StorageError) -> any BlobWriter {
        state.withLock { $0.created.append(blob) }
        return Writer(store: self, inner: try inner.create(blob, bytes: bytes))
    }

    func open(_ blob: BlobID) throws(StorageError) -> any BlobReader { try inner.open(blob) }

    func remove(_ blob: BlobID) throws(StorageError) { try inner.remove(blob) }

    func flushRemovals() throws(StorageError) { try inner.flushRemovals() }

    func forEachBlob(_ body: (BlobID) throws(StorageError) -> Void) throws(StorageError) {
        try inner.forEachBlob(body)
    }

    private final class Writer: BlobWriter {
        private let store: WatchedBlobs
        private let inner: any BlobWriter

        init(store: WatchedBlobs, inner: any BlobWriter) {
            self.store = store
            self.inner = inner
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
            try unsafe inner.append(bytes)
        }

        func commit() throws(StorageError) {
            try inner.commit()
            let action = store.state.withLock { state in
                defer { state.action = nil }
                return state.action
            }
            action?()
        }
    }
}
