// All keys under a new epoch, while the vault serves: nothing is lost, nothing stays behind, and what was
// come to is signed.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Rotation")
struct RotationTests {
    let memory = MemoryCatalog()

    private func vault(signer: LogSigner? = nil) throws -> TestVault {
        try TestVault(catalog: memory, signer: signer ?? TestKeys.logSigner())
    }

    private func census() throws -> [UInt32: Int] { try memory.census() }

    @Test("every key comes under the new epoch, and every image reads as before")
    func whole() async throws {
        let test = try vault()
        defer { test.stop() }
        let clinic = try TestClaim(owner: "ann", in: TestKeys.clinic)
        let one = try await test.put(TestImages.small).image
        let other = try await test.put(TestImages.other, as: clinic).image
        try await test.put(TestImages.small, as: TestClaim(job: "7"))
        try await test.quarantine(other.image, in: TestKeys.clinic)
        let before = memory.tables
        let answer = try await test.rotate()
        #expect(try await test.operation(answer).progress.total == 5)
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .done)
        #expect(operation.progress.done == 5)
        #expect(operation.progress.failures == 0)
        #expect(try census() == [2: 5])
        #expect(try test.current.primaryEpoch.value == 2)
        #expect(try test.current.state(of: .first) == .readable)
        #expect(test.keyFiles.file(.keyring) == (try test.current.keys.file))
        #expect(try await test.get(one.image) == TestImages.small)
        let words = try await test.metadata(one.image, as: TestClaim(job: "7")).body
        #expect(words.claim.job?.description == "7")
        // Nothing but the wraps changed.
        var after = memory.tables
        for place in after.images.indices { after.images[place].key = before.images[place].key }
        for place in after.references.indices {
            after.references[place].key = before.references[place].key
        }
        #expect(after.images == before.images && after.references == before.references)
        try CatalogState(memory).check()
    }

    @Test(
        "the keyring with the epoch is on the disk before a key is wrapped under it, each in its event"
    )
    func order() async throws {
        let keyring = try TestKeys.keyring()
        let signer = try TestKeys.logSigner()
        let files = MemoryKeyFiles([keyring.keys.file, signer.keys.file])
        let watch = WatchedCatalog(memory, files)
        let test = try TestVault(
            catalog: watch, keyring: keyring, signer: signer, keyFiles: files)
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotate()
        try await test.workToTheEnd()
        #expect(
            watch.seen == [
                .init(wraps: [1], disk: [1]), .init(wraps: [1], disk: [1, 2]),
                .init(wraps: [1, 2], disk: [1, 2]), .init(wraps: [2], disk: [1, 2]),
            ])
        let lines = try test.log().filter { $0.operation != nil && $0.action != "operation.read" }
        #expect(
            lines.map(\.action) == [
                "operation.started", "epoch.added", "epoch.promoted", "operation.advanced",
                "operation.advanced", "operation.advanced", "operation.advanced",
                "operation.advanced", "operation.advanced", "operation.advanced",
                "operation.advanced", "operation.advanced", "rotation.stated", "operation.ended",
            ])
        #expect(lines[1...2].map(\.generation) == [2, 3])
        #expect(lines[1...2].map(\.epoch) == [2, 2])
        #expect(Set(lines.compactMap(\.work)) == ["rotate"])
    }

    @Test("an upload that began under the older epoch ends under the new one")
    func inFlight() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.other)
        test.inspector.answer(
            .slow {
                _ = try? await test.rotate()
                try? await test.workToTheEnd()
            })
        let image = try await test.put(TestImages.small).image
        #expect(try test.current.primaryEpoch.value == 2)
        #expect(try census() == [2: 4])
        test.inspector.answer(.nothing)
        #expect(try await test.get(image.image) == TestImages.small)
        #expect(try test.log().last { $0.action == "image.put" }?.epoch == 2)
        try CatalogState(memory).check()
    }

    @Test("a reading that borrowed its keys before the epoch was there reads what came under it")
    func olderKeys() async throws {
        let catalog = GatedReads(memory)
        let test = try TestVault(catalog: catalog, signer: TestKeys.logSigner())
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        try await test.rotate()
        catalog.beforeNextClaim { OwnThread.wait { try? await test.workToTheEnd() } }
        #expect(try await test.get(image.image) == TestImages.small)
        #expect(try census() == [2: 2])
    }

    @Test("images that go and come while it works are neither lost nor left behind")
    func busy() async throws {
        let test = try vault()
        defer { test.stop() }
        var kept: [ImageID: [UInt8]] = [:]
        for number in 0..<6 {
            kept[try await test.put(TestImages.numbered(number)).image.image] =
                TestImages.numbered(number)
        }
        let answer = try await test.rotate()
        let runner = OperationRunner(test.vault, share: 100)
        var number = 6
        while try await runner.turn() {
            kept[try await test.put(TestImages.numbered(number)).image.image] =
                TestImages.numbered(number)
            let gone = try #require(kept.keys.first)
            try await test.delete(gone)
            kept[gone] = nil
            for (id, image) in kept { #expect(try await test.get(id) == image) }
            number += 1
        }
        #expect(try await test.operation(answer).state == .done)
        #expect(try census() == [2: 2 * kept.count])
        try CatalogState(memory).check()
    }

    @Test("a wrap that does not open is listed, and then nothing is stated")
    func damaged() async throws {
        let test = try vault()
        defer { test.stop() }
        let broken = try await test.put(TestImages.small).image
        let sound = try await test.put(TestImages.other).image
        memory.tamper { tables in
            var bytes = tables.images[0].key.bytes
            bytes[40] ^= 1
            tables.images[0].key = WrappedKey(epoch: .first, bytes: bytes)
        }
        let answer = try await test.rotate()
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect(operation.state == .failed)
        #expect(operation.failure == .wrapDamaged)
        #expect(Set(try await test.findings(answer).map(\.image)) == [broken.image])
        #expect(try census() == [1: 1, 2: 3])
        #expect(try await test.get(sound.image) == TestImages.other)
        let code = try await refusal { _ = try await test.statement(answer) }
        #expect(code == .unknownStatement)
    }

    @Test("one at a time; a re-inspection is not in its way")
    func alone() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let first = try await test.rotate()
        #expect(try await refusal { try await test.rotate() } == .operationConflict)
        try await test.reinspect()
        try await test.cancel(first)
        let second = try await test.rotate()
        try await test.workToTheEnd()
        #expect(try await test.operation(second).state == .done)
        #expect(try census() == [2: 2])
        try await test.rotate()
        try await test.workToTheEnd()
        #expect(try census() == [3: 2])
        #expect(try test.current.generation == 5)
    }

    @Test("paused it keeps what is done, cancelled it leaves both epochs readable")
    func steered() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        let answer = try await test.rotate()
        let runner = OperationRunner(test.vault, share: 100)
        #expect(try await runner.turn())
        try await test.move(answer, .pause)
        #expect(try await !runner.turn())
        #expect(try await test.get(image.image) == TestImages.small)
        try await test.move(answer, .resume)
        #expect(try await runner.turn())
        try await test.cancel(answer)
        #expect(try await !runner.turn())
        #expect(try census() == [1: 1, 2: 1])
        #expect(try test.current.state(of: .first) == .readable)
        #expect(try test.current.state(of: EpochNumber(2)) == .primary)
        // The image's key is under one of them, and its claim's under the other.
        #expect(try await test.get(image.image) == TestImages.small)
        _ = try await test.metadata(image.image)
    }

    @Test("while the log's key is closed the statement waits, and nothing else does")
    func waitsForSigner() async throws {
        let test = try TestVault(catalog: memory, openLogKey: { nil })
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.rotate()
        #expect(try await refusal { try await test.workToTheEnd() } == .sealed)
        #expect(try await test.operation(answer).state == .running)
        #expect(try census() == [2: 2])
    }

    @Test("what is on the disk is what is in use, or no epoch is built on it")
    func otherFile() async throws {
        let test = try vault()
        defer { test.stop() }
        let old = try #require(test.keyFiles.file(.keyring))
        _ = try await test.vault.rotateRoot(test.call())
        test.keyFiles.tamper(old)
        let answer = try await test.rotate()
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).failure == .keyringRefused)
        #expect(test.keyFiles.file(.keyring) == old)
    }

    @Test("a row with a number that no catalog gives ends it: none is passed over")
    func planted() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let number = memory.tables.images[0].row
        for row in [1 << 56, Int64.max] {
            memory.tamper { tables in
                tables.images[0].row = row
                tables.references[0].imageRow = row
            }
            let answer = try await test.rotate()
            try await test.workToTheEnd()
            let operation = try await test.operation(answer)
            #expect(operation.state == .failed && operation.failure == .rowDamaged)
        }
        memory.tamper { tables in
            tables.images[0].row = number
            tables.references[0].imageRow = number
        }
        #expect(try census()[1] == 2)
    }

    @Test("one that has to wait holds up no other work")
    func waits() async throws {
        let test = try TestVault(catalog: memory, openLogKey: { nil })
        defer { test.stop() }
        try await test.put(TestImages.small)
        let rotation = try await test.rotate()
        let inspection = try await test.reinspect()
        #expect(try await refusal { try await test.workToTheEnd() } == .sealed)
        #expect(try await test.operation(rotation).state == .running)
        #expect(try await test.operation(inspection).state == .done)
    }

    @Test("an upload whose epoch was destroyed while it arrived may come again")
    func lateUpload() async throws {
        let test = try vault()
        defer { test.stop() }
        test.inspector.whileLooking {
            test.inspector.whileLooking {}
            do {
                try await test.rotateWholly()
                try await test.destroy(1)
            } catch { Issue.record(error) }
        }
        let code = try await refusal { try await test.put(TestImages.small) }
        #expect(code == .overloaded)
        let image = try await test.put(TestImages.small).image
        #expect(try await test.get(image.image) == TestImages.small)
        #expect(try census() == [2: 2])
    }

    @Test("the census, the age and the rate are told while it works")
    func status() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        test.clock.advance(microseconds: 7_000_000)
        let answer = try await test.rotate()
        let begun = test.clock.nowMicroseconds()
        let runner = OperationRunner(test.vault, share: 100)
        #expect(try await runner.turn())
        test.clock.advance(microseconds: 500_000)
        #expect(try await runner.turn())
        test.clock.advance(microseconds: 1_000_000)
        let state = try await test.vault.keysState(test.call())
        #expect(state.primaryMicroseconds == begun)
        #expect(state.nowMicroseconds == begun + 1_500_000)
        // One key half a second after the walk began.
        #expect(state.rate == 2)
        #expect(state.epochs.map(\.number) == [1, 2])
        #expect(state.epochs.map(\.state) == [3, 2])
        #expect(state.census == [1: 1, 2: 1])
        #expect(state.operation?.operation.bytes == answer.body)
        try await test.workToTheEnd()
        #expect(try await test.vault.keysState(test.call()).operation == nil)
        #expect(try test.log().contains { $0.action == "keys.read" })
    }
}

/// Looks after each transaction at the epochs that keys are wrapped under, and at those on the disk.
private final class WatchedCatalog: Catalog {
    struct Sight: Equatable {
        let wraps: Set<UInt32>
        let disk: Set<UInt32>
    }

    private let inner: MemoryCatalog
    private let files: MemoryKeyFiles
    private let sights = Mutex<[Sight]>([])

    init(_ inner: MemoryCatalog, _ files: MemoryKeyFiles) {
        self.inner = inner
        self.files = files
    }

    /// What was seen since there was a key, each change once.
    var seen: [Sight] { sights.withLock { $0 } }

    private func look() {
        guard let wraps = try? inner.census(), !wraps.isEmpty else { return }
        let disk = files.file(.keyring)?.entries.filter { $0.purpose == .epoch }.map(\.number)
        let sight = Sight(wraps: Set(wraps.keys), disk: Set(disk ?? []))
        sights.withLock { if $0.last != sight { $0.append(sight) } }
    }

    func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.read(body)
    }

    func purge() throws(StorageError) -> Bool { try inner.purge() }

    func reopen() throws(StorageError) { try inner.reopen() }

    func snapshot() throws(StorageError) -> any CatalogSnapshot { try inner.snapshot() }

    func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.readOnce(body)
    }

    func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        let result = try inner.write(body)
        look()
        return result
    }
}
