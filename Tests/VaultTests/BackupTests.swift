// Backups as the vault makes them: what is handed out, what the register says meanwhile, and what a restore and a
// drill leave in the log.

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

    private func restored(
        _ backup: BackupID, epochs: [UInt32]
    ) throws -> BackupManifest {
        try BackupManifest(
            vault: VaultID(bytes: [UInt8](repeating: 7, count: 16)), backup: backup,
            at: Timestamp.text(microseconds: 0), generation: 1, keyring: LogHash.empty,
            epochs: epochs.map { try EpochNumber($0) }, catalogBytes: 0,
            catalog: LogHash.empty, blobCount: 0, blobBytes: 0, blobList: LogHash.empty,
            logSize: 0, logRoot: LogHash.empty)
    }

    @Test("a restored vault's register has the backup that it came from as kept")
    func restoredRegister() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.rotateWholly()
        // As the copied catalog has it: registered, and nothing more.
        _ = try await test.vault.beginBackup(expiresDays: nil, note: .none, test.call())
        let backup = memory.tables.backups[0].backup
        #expect(memory.tables.backups[0].state == .making)
        try await test.vault.recordRestored(
            from: restored(backup, epochs: [2]), digest: LogHash.digest([1]))
        let row = memory.tables.backups[0]
        #expect((row.state, row.epochs.map(\.value)) == (.kept, [2]))
        try row.verify(with: test.current)
        let actions = try test.log().map(\.action)
        #expect(
            actions.suffix(3) == ["vault.restored", "backup.described", "backup.completed"])
    }

    @Test("a restored backup whose keys are not all there goes on needing every epoch")
    func restoredWithoutKeys() async throws {
        let test = try vault()
        defer { test.stop() }
        _ = try await test.vault.beginBackup(expiresDays: nil, note: .none, test.call())
        let backup = memory.tables.backups[0].backup
        try await test.vault.recordRestored(
            from: restored(backup, epochs: [1, 9]), digest: LogHash.digest([1]))
        let row = memory.tables.backups[0]
        #expect((row.state, row.epochs.map(\.value)) == (.kept, [1]))
    }

    @Test("a backup's row that does not verify keeps nothing from coming back")
    func restoredDamagedRow() async throws {
        let test = try vault()
        defer { test.stop() }
        _ = try await test.vault.beginBackup(expiresDays: nil, note: .none, test.call())
        let backup = memory.tables.backups[0].backup
        memory.tamper { $0.backups[0].changedAt += 1 }
        let before = memory.tables.backups
        try await test.vault.recordRestored(
            from: restored(backup, epochs: [1]), digest: LogHash.digest([1]))
        #expect(memory.tables.backups == before)
        #expect(try test.log().last?.action == "vault.restored")
    }

    @Test("blobs that are missing are named with the images that are stored in them")
    func missingBlobs() async throws {
        let test = try vault()
        defer { test.stop() }
        let first = try await test.put(TestImages.small).image
        try await test.put(TestImages.other)
        let nobodys: BlobID = try Random.id()
        let missing = try Vault.images(in: [nobodys, first.blob], memory)
        #expect(missing.map(\.blob) == [nobodys, first.blob])
        #expect(missing.map(\.images) == [[], [ImagePlace(first.namespace, first.image)]])
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
