// How far an erasure is: what a receipt says is what became of the store, the keys and their copies.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Receipts of erasures", .serialized)
struct ErasureTests {
    private let memory: MemoryCatalog
    private let blobs: MemoryBlobStore
    private let faults = Faults()
    private let blobFaults = Faults()

    init() {
        memory = MemoryCatalog(faults: faults)
        blobs = MemoryBlobStore(faults: blobFaults)
    }

    private func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    private func epoch(_ number: UInt32) throws -> ErasureWait { .epoch(try EpochNumber(number)) }

    @Test("a receipt rises with the purge, the epochs and the registered copies")
    func rises() async throws {
        let test = try vault()
        defer { test.stop() }
        let image = try await test.put(TestImages.small).image
        let escrow = try await test.registerEscrow()
        try await test.rotateWholly()
        let dropped = try await test.delete(image.image)
        let new = try await test.receipt(dropped.receipt)
        #expect(new.level == .unreachable)
        #expect(new.waits == [.purge, try epoch(1), try epoch(2), .escrow(escrow)])
        #expect((new.kind, new.claims, new.images) == (.image, 1, 1))
        #expect((new.image, new.namespace) == (image.image, .standard))
        #expect(new.bytes == UInt64(image.storedBytes))
        #expect(new.epoch?.value == 2)
        let event = try #require(try test.log().last { $0.action == "image.delete" })
        #expect((event.index, event.receipt) == (new.event, dropped.receipt.hex))

        try await test.purge()
        #expect(try await test.receipt(dropped.receipt).level == .purged)
        #expect(try test.log().count { $0.action == "erasure.purged" } == 1)
        try await test.put(TestImages.other)
        try await test.rotateWholly()
        try await test.destroy(1)
        let half = try await test.receipt(dropped.receipt)
        #expect((half.level, half.waits) == (.purged, [try epoch(2), .escrow(escrow)]))
        try await test.destroy(2)
        let unopenable = try await test.receipt(dropped.receipt)
        #expect((unopenable.level, unopenable.waits) == (.unopenable, [.escrow(escrow)]))
        try await test.attest(escrow)
        let last = try await test.receipt(dropped.receipt)
        #expect((last.level, last.waits) == (.attested, []))
        #expect(last.attestations.map(\.escrow) == [escrow])
        #expect(last.attestations.map(\.uid) == [1000])
    }

    @Test("a claim that others share has a receipt of its own words' key")
    func claim() async throws {
        let test = try vault()
        defer { test.stop() }
        let ann = try TestClaim(owner: "ann")
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.small, as: try TestClaim(owner: "bob"))
        let receipt = try await test.receipt(test.delete(id, as: ann).receipt)
        #expect((receipt.kind, receipt.claims, receipt.images) == (.claim, 1, 0))
        #expect(receipt.bytes == 0)
        #expect(receipt.epoch == .first)
    }

    @Test("each issue is signed, an event with its level and digest, and says the log's size")
    func signed() async throws {
        let signer = try TestKeys.logSigner()
        let test = try TestVault(catalog: memory, blobs: blobs, signer: signer)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let receipt = try await test.delete(id).receipt
        let issued = try await test.vault.receipt(receipt, test.call(door: .audit))
        let note = try SignedNote(parsing: issued.note)
        #expect(try NoteVerifier(line: signer.verifierKey).verifies(note))
        #expect(try ErasureReceipt(parsing: note.text) == issued.receipt)
        let event = try #require(try test.log().last)
        #expect((event.action, event.receipt) == ("receipt.read", receipt.hex))
        #expect(event.level == 0)
        #expect(event.statement == LogHash.digest(Array(issued.note.utf8)).hex)
        #expect(issued.receipt.logSize == event.index)
    }

    @Test("another namespace's receipt is unknown at the door of images, and to nobody else")
    func namespaces() async throws {
        let test = try vault()
        defer { test.stop() }
        let who = try TestClaim(in: TestKeys.clinic)
        let id = try await test.put(TestImages.small, as: who).image.image
        let receipt = try await test.delete(id, as: who).receipt
        let stranger = test.call(.standard)
        #expect(
            try await refusal { _ = try await test.receipt(receipt, as: stranger) }
                == .unknownReceipt)
        #expect(try await test.receipt(receipt, as: test.call(TestKeys.clinic)).receipt == receipt)
        #expect(try await test.receipt(receipt).receipt == receipt)
        let theirs = try await test.vault.receipts(before: nil, limit: 10, stranger)
        #expect(theirs.receipts.isEmpty)
        #expect(try await test.receipts().map(\.receipt) == [receipt])
    }

    @Test("receipts come newest first and in pages")
    func pages() async throws {
        let test = try vault()
        defer { test.stop() }
        var made: [ReceiptID] = []
        for number in 0..<5 {
            let id = try await test.put(TestImages.numbered(number)).image.image
            made.append(try await test.delete(id).receipt)
        }
        var seen: [ReceiptID] = []
        var before: Int64?
        repeat {
            let page = try await test.vault.receipts(before: before, limit: 2, test.call())
            seen += page.receipts.map(\.receipt)
            before = page.next
        } while before != nil
        #expect(seen == made.reversed())
    }

    @Test("a page of receipts that wait for much ends early, and the next goes on behind it")
    func longPages() async throws {
        let test = try vault()
        defer { test.stop() }
        for _ in 0..<100 { _ = try await test.register() }
        let count = Limits.receiptPageWaits / 100 + 5
        for number in 0..<count {
            let id = try await test.put(TestImages.numbered(number)).image.image
            try await test.delete(id)
        }
        var seen: Set<ReceiptID> = []
        var sizes: [Int] = []
        var before: Int64?
        repeat {
            let page = try await test.vault.receipts(before: before, limit: 1000, test.call())
            seen.formUnion(page.receipts.map(\.receipt))
            sizes.append(page.receipts.count)
            before = page.next
        } while before != nil
        #expect(seen.count == count && sizes.count == 2 && sizes[0] < count, "\(sizes)")
    }

    @Test("an erased quarantined image has a receipt, with every claim on it")
    func quarantine() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.put(TestImages.small, as: try TestClaim(owner: "bob"))
        try await test.quarantine(id)
        let asked = try await test.ask(.eraseImage, id)
        let performed = try await test.vault.approve(
            asked.id, digest: asked.digest, mayDo: { _ in true }, test.call())
        let receipt = try await test.receipt(#require(performed.receipt))
        #expect((receipt.kind, receipt.claims, receipt.images) == (.quarantine, 2, 1))
        #expect(blobs.names.isEmpty)
        #expect(try memory.census() == [:])
    }

    @Test("an approval that releases has none")
    func released() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.quarantine(id)
        let asked = try await test.ask(.releaseImage, id)
        let performed = try await test.vault.approve(
            asked.id, digest: asked.digest, mayDo: { _ in true }, test.call())
        #expect(performed.receipt == nil)
        #expect(try await test.receipts().isEmpty)
    }

    @Test("a receipt or a copy in the registers that was changed is refused")
    func damaged() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let receipt = try await test.delete(id).receipt
        _ = try await test.registerEscrow(epochs: [1])
        _ = try await test.register()
        try await test.purge()
        let late = try EpochNumber(99)
        let sound = memory.tables
        let changes: [(inout MemoryTables) -> Void] = [
            { $0.receipts[0].claims += 1 }, { $0.receipts[0].epoch = nil },
            { $0.receipts[0].left = 1 },
            { $0.receipts[0].event = 0 }, { $0.receipts[0].mac = RowMAC(checked: []) },
            { $0.escrows[0].destroyed = .init(uid: 1, atMicroseconds: 1) },
            // It would stand for nothing that went.
            { $0.escrows[0].epochs = [late] },
            { $0.backups[0].state = .expired },
        ]
        for change in changes {
            memory.tamper(change)
            #expect(
                try await refusal { _ = try await test.receipt(receipt) } == .rowDamaged)
            memory.tamper {
                $0.receipts = sound.receipts
                $0.escrows = sound.escrows
                $0.backups = sound.backups
            }
        }
        // One that says of a purge what was not purged is none.
        let purge = try #require(sound.purge)
        memory.tamper {
            $0.purge = PurgeRow(
                through: purge.through + 1, atMicroseconds: purge.atMicroseconds,
                changedAt: purge.changedAt, mac: purge.mac)
        }
        #expect(try await test.receipt(receipt).level == .unreachable)
    }

    @Test("what a wrap's column says of its epoch takes nothing from what a receipt waits for")
    func epochColumn() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        try await test.rotateWholly()
        memory.tamper {
            $0.images[0].key = WrappedKey(epoch: .first, bytes: $0.images[0].key.bytes)
            $0.references[0].key = WrappedKey(epoch: .first, bytes: $0.references[0].key.bytes)
        }
        let receipt = try await test.receipt(test.delete(id).receipt)
        #expect(receipt.epoch?.value == 2)
        #expect(receipt.waits.contains(try epoch(2)))
    }

    // MARK: Purge

    @Test("a blob that cannot be unlinked holds the purge's word back until it is")
    func stuckBlob() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.purge()
        let id = try await test.put(TestImages.small).image.image
        blobFaults.arm("remove", .unavailable(5))
        let receipt = try await test.delete(id).receipt
        #expect(blobs.names.count == 1)
        blobFaults.arm("remove", .unavailable(5))
        let runner = PurgeRunner(test.vault)
        #expect(try await refusal { _ = try await runner.turn() } == .storageUnavailable)
        #expect(try await test.receipt(receipt).level == .unreachable)
        blobFaults.disarm()
        #expect(try await runner.turn())
        #expect(blobs.names.isEmpty)
        #expect(try await test.receipt(receipt).level == .purged)
    }

    /// What leaves a second blob of an image behind.
    enum SecondBlob: CaseIterable { case upload, encryptedAnew }

    @Test(
        "a second blob of the image that could not be unlinked keeps the purge from its word",
        arguments: SecondBlob.allCases)
    func secondBlob(_ second: SecondBlob) async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.purge()
        let id = try await test.put(TestImages.small).image.image
        blobFaults.arm("remove", .unavailable(5))
        switch second {
        case .upload: try await test.put(TestImages.small)
        case .encryptedAnew:
            try await test.reencrypt()
            try await test.workToTheEnd()
        }
        #expect(blobs.names.count == 2)
        blobFaults.disarm()
        let receipt = try await test.delete(id).receipt
        #expect(blobs.names.count == 1)
        blobFaults.arm("remove", .unavailable(5))
        let runner = PurgeRunner(test.vault)
        #expect(try await refusal { _ = try await runner.turn() } == .storageUnavailable)
        #expect(try await test.receipt(receipt).level == .unreachable)
        blobFaults.disarm()
        #expect(try await runner.turn())
        #expect(blobs.names.isEmpty)
        #expect(try await test.receipt(receipt).level == .purged)
    }

    @Test("after a crash nothing is purged before the sweep has looked")
    func crash() async throws {
        var test = try vault()
        let id = try await test.put(TestImages.small).image
        blobFaults.arm("remove", .unavailable(5))
        let receipt = try await test.delete(id.image).receipt
        blobFaults.disarm()
        test.stop()
        test = try test.reopened()
        defer { test.stop() }
        let runner = PurgeRunner(test.vault)
        #expect(try await refusal { _ = try await runner.turn() } == .storageUnavailable)
        #expect(blobs.names == [id.blob])
        #expect(try test.vault.sweep() == 1)
        #expect(try await runner.turn())
        #expect(try await test.receipt(receipt).level == .purged)
    }

    @Test(
        "a store that cannot be purged leaves the receipt where it is",
        arguments: ["purgeFiles", "setPurge"])
    func failing(step: String) async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.purge()
        let id = try await test.put(TestImages.small).image.image
        let receipt = try await test.delete(id).receipt
        let runner = PurgeRunner(test.vault)
        faults.arm(step, .full)
        #expect(try await refusal { _ = try await runner.turn() } != nil)
        faults.disarm()
        #expect(try await test.receipt(receipt).level == .unreachable)
        #expect(try await runner.turn())
        #expect(try await test.receipt(receipt).level == .purged)
        #expect(try await !runner.turn())
    }

    @Test("a sealed vault purges when it is opened again")
    func sealed() async throws {
        let test = try vault()
        let id = try await test.put(TestImages.small).image.image
        let receipt = try await test.delete(id).receipt
        test.stop()
        let closed = try test.reopened(isSealed: true)
        #expect(try await refusal { _ = try await closed.purge() } == .sealed)
        closed.stop()
        let open = try test.reopened()
        defer { open.stop() }
        try await open.purge()
        #expect(try await open.receipt(receipt).level == .purged)
    }
}
