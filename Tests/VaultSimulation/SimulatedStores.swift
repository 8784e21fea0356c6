// What a simulated vault stands on, and what of it outlives a crash. A store may be made to lie, to see that it is found.

import Synchronization
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

/// How a store breaks its word.
package enum Lie: CaseIterable, Sendable {
    /// A crash takes a transaction that was durable.
    case droppedTransaction
    /// A crash takes a blob that was durable.
    case forgottenBlob
    /// A blob that was removed stays.
    case keptBlob
}

/// Keys that every schedule begins with: they cost more to make than a schedule.
struct SimulatedKeys: Sendable {
    static let shared: Result<SimulatedKeys, any Error> = Result { try SimulatedKeys() }

    /// Small pictures that all users have.
    static let images = [TestImages.small, TestImages.other]

    let keyring: Keyring
    let signer: LogSigner
    /// Of each image.
    let ids: [ImageID]

    private init() throws {
        let keyring = try TestKeys.passphraseKeyring()
        self.keyring = keyring
        signer = try TestKeys.logSigner()
        ids = try Self.images.map { try keyring.imageID(of: LogHash.digest($0), in: .standard) }
    }
}

struct SimulatedStores: Sendable {
    let faults: Faults
    let clock = ManualClock()
    let memory: MemoryCatalog
    let blobs: MemoryBlobStore
    let keyFiles: MemoryKeyFiles
    let keys: SimulatedKeys
    private let catalog: LyingCatalog
    private let store: LyingBlobs

    init(_ lie: Lie?) throws {
        let faults = Faults()
        self.faults = faults
        keys = try SimulatedKeys.shared.get()
        memory = MemoryCatalog(faults: faults)
        blobs = MemoryBlobStore(faults: faults)
        keyFiles = MemoryKeyFiles([keys.keyring.keys.file], faults: faults)
        catalog = LyingCatalog(memory, lie)
        store = LyingBlobs(blobs, lie)
    }

    /// A daemon on what is durable.
    func open(_ world: SimulatedWorld) throws -> TestVault {
        let keyring = try storedKeyring()
        guard try memory.tables.events.isEmpty || Vault.fits(keyring, memory) else {
            throw Violation("the keyring on the disk is not the catalog's")
        }
        // A store that failed is opened anew as soon as it is its turn.
        let test = try TestVault(
            catalog: catalog, blobs: store, clock: clock, keyring: keyring, signer: keys.signer,
            keyFiles: keyFiles, outages: Outages(patience: .seconds(3600), pause: .zero),
            commitsByHand: true)
        test.inspector.answer(.slow { await world.pause() })
        return test
    }

    private func storedKeyring() throws -> Keyring {
        guard let file = keyFiles.file(.keyring) else { throw Violation("the keyring is gone") }
        if file == keys.keyring.keys.file { return keys.keyring }
        return try Keyring(FixedVault.open(file, secret: TestKeys.passphrase))
    }

    /// What was not durable is gone; nothing fails any more.
    func crash() throws {
        faults.disarm()
        catalog.crash()
        try store.crash()
    }
}

private final class LyingCatalog: Catalog {
    private let inner: MemoryCatalog
    private let lie: Lie?
    private let before = Mutex<MemoryTables?>(nil)

    init(_ inner: MemoryCatalog, _ lie: Lie?) {
        self.inner = inner
        self.lie = lie
    }

    func crash() {
        guard let tables = before.withLock({ $0 }) else { return }
        inner.tamper { $0 = tables }
    }

    func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.read(body)
    }

    func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.readOnce(body)
    }

    func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        guard lie == .droppedTransaction else { return try inner.write(body) }
        let tables = inner.tables
        let result = try inner.write(body)
        before.withLock { $0 = tables }
        return result
    }

    func reopen() throws(StorageError) { try inner.reopen() }
    func purge() throws(StorageError) -> Bool { try inner.purge() }
    func snapshot() throws(StorageError) -> any CatalogSnapshot { try inner.snapshot() }
}

private final class LyingBlobs: BlobStore {
    private let inner: MemoryBlobStore
    private let lie: Lie?
    private let last = Mutex<BlobID?>(nil)

    init(_ inner: MemoryBlobStore, _ lie: Lie?) {
        self.inner = inner
        self.lie = lie
    }

    func crash() throws(StorageError) {
        inner.crash()
        guard lie == .forgottenBlob, let blob = last.withLock({ $0 }) else { return }
        try inner.remove(blob)
    }

    func create(_ blob: BlobID, bytes: Int) throws(StorageError) -> any BlobWriter {
        let writer = try inner.create(blob, bytes: bytes)
        last.withLock { $0 = blob }
        return writer
    }

    func open(_ blob: BlobID) throws(StorageError) -> any BlobReader { try inner.open(blob) }

    func remove(_ blob: BlobID) throws(StorageError) {
        if lie != .keptBlob { try inner.remove(blob) }
    }

    func flushRemovals() throws(StorageError) { try inner.flushRemovals() }

    func forEachBlob(_ body: (BlobID) throws(StorageError) -> Void) throws(StorageError) {
        try inner.forEachBlob(body)
    }
}
