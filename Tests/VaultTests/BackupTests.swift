// Backups as the vault makes them: what is handed out, what the register says meanwhile, and what a restore and a
// drill leave in the log.

import Synchronization
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Backups that the vault makes")
struct BackupTests {
    let memory = MemoryCatalog()
    let store = MemoryBlobStore()

    private func vault() throws -> TestVault {
        try TestVault(catalog: memory, blobs: store, signer: TestKeys.logSigner())
    }

    /// All records of a stream.
    private func records(
        _ stream: some OutgoingStream, of test: TestVault
    ) async throws -> [BackupRecord] {
        var (stream, bytes) = (stream, [UInt8]())
        while let piece = try await stream.next(of: test.vault) { bytes += piece }
        var records: [BackupRecord] = []
        while !bytes.isEmpty {
            let length = try BackupRecord.length(head: bytes.prefix(BackupRecord.headBytes))
            records.append(try BackupRecord(parsing: Array(bytes.prefix(length))))
            bytes.removeFirst(length)
        }
        return records
    }

    private func snapshot(_ test: TestVault) async throws -> [BackupRecord] {
        try await records(
            test.vault.beginBackup(expiresDays: nil, note: .none, test.call()), of: test)
    }

    private func manifest(_ records: [BackupRecord]) throws -> BackupManifest {
        let notes = records.compactMap { record -> [UInt8]? in
            if case .manifest(let note) = record { note } else { nil }
        }
        let note = try SignedNote(parsing: String(decoding: #require(notes.first), as: UTF8.self))
        return try BackupManifest(parsing: note.text)
    }

    @Test("a snapshot is whole, in order, and what its manifest says")
    func snapshot() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small)
        let records = try await snapshot(test)
        var (catalog, list) = ([UInt8](), "")
        for record in records {
            if case .catalog(let bytes) = record { catalog += bytes }
            if case .list(let bytes) = record { list += String(decoding: bytes, as: UTF8.self) }
        }
        let manifest = try manifest(records)
        #expect(records.first == .begun(manifest.backup))
        #expect(records.last == .end)
        #expect(LogHash.digest(catalog) == manifest.catalog)
        #expect(manifest.catalogBytes == UInt64(catalog.count))
        #expect(LogHash.digest(Array(list.utf8)) == manifest.blobList)
        let blobs = try ListedBlob.all(in: list)
        #expect(blobs.map(\.blob) == [image.image.blob])
        #expect(blobs.map(\.bytes) == [try UInt64(store.open(image.image.blob).bytes)])
        #expect(manifest.epochs == [.first])
        // The log of the moment: with the event that it began, and without what came later.
        #expect(manifest.logSize == 2)
        let actions = try test.log().map(\.action)
        #expect(actions.suffix(2) == ["backup.begun", "backup.described"])
    }

    @Test("it needs every epoch while it is made, and what it has wraps under once it is described")
    func epochs() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotateWholly()
        var export = try await test.vault.beginBackup(
            expiresDays: nil, note: .none, test.call())
        #expect(memory.tables.backups.map(\.state) == [.making])
        #expect(memory.tables.backups[0].epochs.map(\.value) == [1, 2])
        #expect(try await refusal { try await test.destroy(1) } == .backupStranded)
        while try await export.next(of: test.vault) != nil {}
        let row = memory.tables.backups[0]
        #expect((row.state, row.epochs.map(\.value)) == (.making, [2]))
        try await test.destroy(1)
        let kept = try await test.vault.completeBackup(row.backup, test.call())
        #expect(kept.state == .kept)
        #expect(try await test.vault.completeBackup(row.backup, test.call()).state == .kept)
        _ = try await test.vault.expireBackup(row.backup, test.call())
        #expect(
            try await refusal { _ = try await test.vault.completeBackup(row.backup, test.call()) }
                == .unknownBackup)
    }

    @Test("one that cannot be copied keeps no epoch, and no more than two are handed out at once")
    func bounds() async throws {
        let test = try vault()
        defer { test.stop() }
        memory.faults.arm("snapshot", .full)
        let code = try await refusal { _ = try await snapshot(test) }
        #expect(code == .storageFull)
        #expect(memory.tables.backups.map(\.state) == [.expired])
        memory.faults.disarm()
        do {
            let held = [
                try await test.vault.beginBackup(expiresDays: 1, note: .none, test.call()),
                try await test.vault.beginBackup(expiresDays: 1, note: .none, test.call()),
            ]
            #expect(try await refusal { _ = try await snapshot(test) } == .overloaded)
            withExtendedLifetime(held) {}
        }
        _ = try await snapshot(test)
    }

    @Test("blobs come sealed, in their order; one that went is said to be gone")
    func blobs() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small)
        let backup = try manifest(try await snapshot(test)).backup
        let gone: BlobID = try Random.id()
        let copies = try await test.vault.copies(
            of: [image.image.blob, gone], for: backup, test.call())
        let records = try await records(copies, of: test)
        let stored = try store.open(image.image.blob)
        let bytes = Array(try stored.read(at: 0, count: stored.bytes))
        #expect(
            records == [
                .blob(ListedBlob(blob: image.image.blob, bytes: UInt64(stored.bytes))),
                .piece(bytes), .gone(gone), .end,
            ])
        let event = try #require(try test.log().last)
        #expect((event.action, event.count) == ("backup.copied", 2))
        _ = try await test.vault.expireBackup(backup, test.call())
        #expect(
            try await refusal {
                _ = try await test.vault.copies(of: [gone], for: backup, test.call())
            } == .unknownBackup)
    }

    @Test("a sealed vault hands nothing out")
    func sealed() async throws {
        let test = try TestVault(catalog: memory, isSealed: true)
        defer { test.stop() }
        #expect(try await refusal { _ = try await snapshot(test) } == .sealed)
        #expect(
            try await refusal {
                _ = try await test.vault.exportEscrow(note: .none, test.call())
            } == .sealed)
    }

    @Test("a copy of the keyring is registered before it leaves, and is the file")
    func escrow() async throws {
        let test = try vault()
        defer { test.stop() }
        let copy = try await test.vault.exportEscrow(note: .none, test.call())
        #expect(copy.keyring == test.keyFiles.file(.keyring)?.encoded)
        #expect(copy.logKey == test.keyFiles.file(.logKey)?.encoded)
        #expect(memory.tables.escrows.map(\.escrow) == [copy.escrow.escrow])
        #expect(try test.log().last?.action == "escrow.exported")
    }

    @Test("a drill that went well is believed for a quarter, and one that failed ends that")
    func drills() async throws {
        let test = try vault()
        defer { test.stop() }
        let backup = try manifest(try await snapshot(test)).backup
        func report(_ opened: Int, _ failed: Int) -> DrillReport {
            DrillReport(
                backup: backup, opened: opened, failed: failed, seconds: 3,
                report: LogHash.digest([1]), reportBytes: 1)
        }
        let until = try await test.vault.reportDrill(report(5, 0), test.call())
        #expect(until == test.clock.nowMicroseconds() + 92 * 86_400_000_000)
        #expect(memory.tables.attestations[.restoreDrill]?.expiresMicroseconds == until)
        for (opened, failed) in [(5, 1), (0, 0)] {
            #expect(try await test.vault.reportDrill(report(opened, failed), test.call()) == nil)
            let event = try #require(try test.log().last)
            #expect((event.action, event.outcome) == ("backup.drilled", "failed"))
            let row = try #require(memory.tables.attestations[.restoreDrill])
            #expect(row.expiresMicroseconds <= test.clock.nowMicroseconds())
        }
    }

    @Test("what was erased since is erased again, whatever holds it now; what came anew stays")
    func replay() async throws {
        let test = try vault()
        defer { test.stop() }
        let (first, second) = (try TestClaim(job: "a"), try TestClaim(job: "b"))
        let image = try await test.put(TestImages.small, as: first).image
        try await test.put(TestImages.small, as: second)
        let other = try await test.put(TestImages.other).image
        let references = memory.tables.references.map(\.reference)
        let list = try ErasureList(
            parsing: ErasureList.beginning(VaultID(bytes: [UInt8](repeating: 7, count: 16)))
                + ErasureLine(
                    index: 0, namespace: .standard, image: image.image, reference: references[0]
                ).text
                + ErasureLine(
                    index: 9, namespace: .standard, image: other.image, reference: nil
                ).text
                + ErasureLine(
                    index: 9, namespace: .standard, image: image.image,
                    reference: try Random.id()
                ).text)
        let replayed = try await test.vault.replay(list, since: 5, from: try Random.id())
        #expect((replayed.claims, replayed.images, replayed.absent) == (2, 1, 1))
        #expect(memory.tables.references.map(\.reference) == [references[1]])
        #expect(memory.tables.images.map(\.image) == [image.image])
        #expect(try await test.get(image.image, as: second) == TestImages.small)
        // An image that went before the backup was made is one that was stored anew.
        try await test.put(TestImages.other)
        _ = try await test.vault.replay(list, since: 10, from: try Random.id())
        #expect(memory.tables.images.count == 2)
    }

    @Test("a sample opens every image, and names what does not open")
    func sample() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let damaged = try await test.put(TestImages.other).image
        #expect(try await test.vault.sample(nil).opened == 2)
        store.tamper(damaged.blob) { $0[$0.count - 1] ^= 1 }
        let sampled = try await test.vault.sample(nil)
        #expect(sampled.opened == 1)
        #expect(sampled.failed.map(\.code) == [.blobDamaged])
        #expect(sampled.failed.map(\.image) == [damaged.image])
        #expect(try await test.vault.sample(1).opened + test.vault.sample(1).failed.count == 1)
    }
}

@Suite("The list of erasures")
struct ErasureListTests {
    private final class Place: ErasureListPlace {
        let text = Mutex<String?>(nil)
        let isBroken = Mutex(false)
        /// How many characters of the next addition are there all the same, though it fails.
        let torn = Mutex<Int?>(nil)

        func load() throws(StorageError) -> String? { text.withLock { $0 } }

        func replace(with text: String) throws(StorageError) {
            guard !isBroken.withLock({ $0 }) else { throw .full }
            self.text.withLock { $0 = text }
        }

        func append(_ text: String) throws(StorageError) {
            guard !isBroken.withLock({ $0 }) else { throw .full }
            let torn = torn.withLock { torn in
                defer { torn = nil }
                return torn
            }
            self.text.withLock { $0 = ($0 ?? "") + text.prefix(torn ?? text.count) }
            guard torn == nil else { throw .unavailable(5) }
        }

        func list() throws -> ErasureList {
            try ErasureList(parsing: text.withLock { $0 } ?? "")
        }
    }

    private func keeper(
        _ test: TestVault, _ place: Place, isFork: Bool = false,
        failed: @escaping @Sendable () -> Void = {}
    ) throws -> ErasureKeeper {
        ErasureKeeper(
            test.vault, of: test.keyring.keys.file.vault, place, isFork: isFork, failed: failed)
    }

    @Test("has each claim that went, whoever took it, and goes on after a restart")
    func keeps() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        let place = Place()
        let image = try await test.put(TestImages.small, as: TestClaim(job: "a")).image
        try await test.put(TestImages.small, as: TestClaim(job: "b"))
        try await test.delete(image.image, as: TestClaim(job: "a"))
        try keeper(test, place).keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        let keeper = try keeper(again, place)
        keeper.keep()
        try await again.delete(image.image, as: TestClaim(job: "b"))
        keeper.keep()
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2)
        #expect(Set(list.lines.map(\.reference)).count == 2)
        #expect(list.lines.allSatisfy { $0.reference != nil })
        #expect(list.through == again.vault.committer.frontier.size)
    }

    @Test("that cannot be written is told once, and made good by the next that can")
    func failing() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let told = Mutex(0)
        let keeper = try keeper(test, place) { told.withLock { $0 += 1 } }
        place.isBroken.withLock { $0 = true }
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        keeper.keep()
        keeper.keep()
        #expect(told.withLock { $0 } == 1)
        place.isBroken.withLock { $0 = false }
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
    }

    @Test(
        "an addition that failed, whatever of it is there, is made again and spoils nothing",
        arguments: [1, 30, 160, 190, 1_000])
    func torn(characters: Int) async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let keeper = try keeper(test, place)
        keeper.keep()
        let images = [
            try await test.put(TestImages.small).image, try await test.put(TestImages.other).image,
        ]
        for image in images { try await test.delete(image.image) }
        place.torn.withLock { $0 = characters }
        keeper.keep()
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == images.map(\.image))
        #expect(try place.list().through == test.vault.committer.frontier.size)
    }

    @Test("what a power cut left without its end is listed again by the next daemon, once")
    func cut() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        let place = Place()
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        try keeper(test, place).keep()
        let whole = try place.list()
        place.text.withLock { text in
            text = text.map { String($0.prefix($0.count - "through 9\n".count)) }
        }
        test.stop()
        let again = try test.reopened()
        defer { again.stop() }
        try keeper(again, place).keep()
        #expect(try place.list().lines == whole.lines)
    }

    @Test("what a power cut left without its end stays where an older store is served")
    func cutAndRestored() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        let size = test.vault.committer.frontier.size
        let lost = ErasureLine(
            index: size + 1, namespace: .standard, image: image.image, reference: try Random.id())
        place.text.withLock {
            $0 =
                ErasureList.beginning(test.keyring.keys.file.vault)
                + ErasureList.throughText(size) + lost.text
        }
        try keeper(test, place).keep()
        #expect(try place.list().lines == [lost])
    }

    @Test("of a store that was restored goes on from there, and keeps what it had")
    func restored() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        let old = ErasureLine(
            index: 50, namespace: .standard, image: image.image, reference: try Random.id())
        let vault = test.keyring.keys.file.vault
        place.text.withLock {
            $0 = ErasureList.beginning(vault) + old.text + ErasureList.throughText(60)
        }
        let keeper = try keeper(test, place)
        keeper.keep()
        try await test.delete(image.image)
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2 && list.lines[0] == old)
        #expect(list.through == test.vault.committer.frontier.size)
    }

    @Test("of a store that was restored misses nothing, however far it went before the first look")
    func overtaken() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let vault = test.keyring.keys.file.vault
        let image = try await test.put(TestImages.small).image
        let size = test.vault.committer.frontier.size
        place.text.withLock {
            $0 = ErasureList.beginning(vault) + ErasureList.throughText(size + 2)
        }
        let keeper = try keeper(test, place)
        try await test.delete(image.image)
        for _ in 0..<4 { _ = try? await test.get(image.image) }
        #expect(test.vault.committer.frontier.size > size + 2)
        keeper.keep()
        #expect(try place.list().lines.map(\.image) == [image.image])
        #expect(try place.list().through == test.vault.committer.frontier.size)
    }

    @Test("of a store that is longer and yet another one begins anew")
    func forked() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let image = try await test.put(TestImages.small).image
        try await test.delete(image.image)
        let other = ErasureLine(
            index: 1, namespace: .standard, image: image.image, reference: try Random.id())
        let size = test.vault.committer.frontier.size
        place.text.withLock {
            $0 =
                ErasureList.beginning(test.keyring.keys.file.vault) + other.text
                + ErasureList.throughText(size)
        }
        let keeper = try keeper(test, place, isFork: true)
        try keeper.begin()
        #expect(try place.list().through == 0)
        keeper.keep()
        let list = try place.list()
        #expect(list.lines.count == 2 && list.lines[0] == other)
        #expect(list.through == size)
    }

    @Test("of another vault is never added to")
    func foreign() async throws {
        let test = try TestVault(signer: TestKeys.logSigner())
        defer { test.stop() }
        let place = Place()
        let told = Mutex(0)
        let text = ErasureList.beginning(try VaultID(bytes: [UInt8](repeating: 9, count: 16)))
        place.text.withLock { $0 = text }
        try keeper(test, place) { told.withLock { $0 += 1 } }.keep()
        #expect(place.text.withLock { $0 } == text)
        #expect(told.withLock { $0 } == 1)
    }
}
