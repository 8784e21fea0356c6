// What was put back from an earlier time is authentic, and told from the log.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Checks of the rows against the log")
struct CheckTests {
    let memory = MemoryCatalog()
    let blobs = MemoryBlobStore()
    let ann: TestClaim
    let bob: TestClaim

    init() throws {
        ann = try TestClaim(owner: "ann", job: "7")
        bob = try TestClaim(owner: "bob")
    }

    func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    func index(_ action: EventAction) throws -> UInt64 { try memory.index(action) }

    /// Puts rows back as they were.
    func putBack(_ body: (inout MemoryTables) -> Void) { memory.tamper(body) }

    /// What is found is one thing, of this image, and by this event.
    func expectOne(
        _ test: TestVault, of image: ImageID?, _ event: UInt64?,
        _ code: ErrorCode = .rowRolledBack, location: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await test.check()
        #expect(found.map(\.code) == [code], sourceLocation: location)
        #expect(found.map(\.image) == [image], sourceLocation: location)
        #expect(found.map(\.event) == [event], sourceLocation: location)
        #expect(
            found.allSatisfy { ($0.namespace == nil) == (image == nil) }, sourceLocation: location)
    }

    // MARK: Claims and images

    @Test("a deleted claim that is there again is found, with or without its image")
    func deletedClaim() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.small, as: bob)
        let both = memory.tables
        try await test.delete(id, as: ann)
        #expect(try await test.check().isEmpty)
        let deletion = try index(.imageDelete)
        let one = memory.tables
        putBack { $0.references = both.references }
        try await expectOne(test, of: id, deletion)
        putBack { $0.references = one.references }
        try await test.delete(id, as: bob)
        #expect(try await test.check().isEmpty)
        let last = try index(.imageDelete)
        putBack { ($0.images, $0.references) = (one.images, one.references) }
        try await expectOne(test, of: id, last)
        // The row of the image alone has no claim, as none ever has.
        putBack { $0.references = [] }
        try await expectOne(test, of: id, memory.tables.images[0].changedAt)
        // What is put anew is another claim.
        putBack { $0.images = [] }
        try await test.put(TestImages.small, as: bob)
        #expect(try await test.check().isEmpty)
    }

    @Test("an image that was erased from quarantine and is there again is found")
    func erased() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.quarantine(id)
        let before = memory.tables
        try await test.approve(test.ask(.eraseImage, id))
        #expect(try await test.check().isEmpty)
        let event = try index(.imageErased)
        putBack { ($0.images, $0.references) = (before.images, before.references) }
        try await expectOne(test, of: id, event)
    }

    @Test("a quarantine that is undone, and one that is back, are found")
    func quarantine() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let free = memory.tables
        try await test.quarantine(id)
        // A second time it stays as it is, and its row older than that event.
        try await test.quarantine(id)
        #expect(try await test.check().isEmpty)
        let event = try index(.imageQuarantined)
        let quarantined = memory.tables
        putBack { $0.images = free.images }
        let found = try await test.check()
        #expect(found.map(\.event) == [event - 1, event])
        #expect(found.allSatisfy { $0.code == .rowRolledBack && $0.image == id })
        putBack { $0.images = quarantined.images }
        try await test.approve(test.ask(.releaseImage, id))
        let released = try index(.imageReleased)
        #expect(try await test.check().isEmpty)
        putBack { $0.images = quarantined.images }
        try await expectOne(test, of: id, released)
    }

    @Test("a retention that is the one from before is found; a claim from after has its own")
    func retention() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        try await test.retain(id, .until(microseconds: 1 << 60))
        let event = try index(.retentionSet)
        try await test.put(TestImages.small, as: bob)
        #expect(try await test.check().isEmpty)
        putBack { $0.references[0] = before.references[0] }
        try await expectOne(test, of: id, event)
    }

    // MARK: Keys

    @Test("a wrap from before a rotation, and an epoch that is not destroyed, are found")
    func keys() async throws {
        let test = try vault()
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        try await test.rotateWholly()
        #expect(try await test.check().isEmpty)
        let after = memory.tables
        putBack { $0.images = before.images }
        try await expectOne(test, of: id, before.images[0].changedAt)
        putBack { ($0.images, $0.references) = (after.images, before.references) }
        try await expectOne(test, of: id, before.references[0].changedAt)
        putBack { $0.references = after.references }
        let old = try test.current
        try await test.destroy(1)
        #expect(try await test.check().isEmpty)
        test.stop()
        let other = try TestVault(catalog: memory, blobs: blobs, keyring: old)
        defer { other.stop() }
        try await expectOne(other, of: nil, index(.epochDestroyed))
    }

    @Test("a row from before everything was encrypted anew is found, whatever its wrap")
    func reencrypted() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let before = memory.tables
        // Of one namespace only it says nothing of the others.
        try await test.reencrypt(in: TestKeys.clinic)
        try await test.workToTheEnd()
        #expect(try await test.check().isEmpty)
        try await test.reencrypt()
        try await test.workToTheEnd()
        #expect(try await test.check().isEmpty)
        putBack {
            let key = $0.images[0].key
            $0.images = before.images
            $0.images[0].key = key
        }
        try await expectOne(test, of: id, before.images[0].changedAt)
    }

    // MARK: Rows

    @Test("a row that does not verify is damaged; one that names another event is older")
    func rows() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let other = try await test.put(TestImages.other, as: bob).image.image
        try await test.delete(other, as: bob)
        let sound = memory.tables
        putBack { $0.images[0].quarantinedMicroseconds = 5 }
        let damaged = try await test.check()
        // The claim is bound to the image's address, which stands.
        #expect(damaged.map(\.code) == [.rowDamaged] && damaged.map(\.image) == [id])
        putBack {
            $0.images = sound.images
            $0.references[0].retention = .until(microseconds: 9)
        }
        #expect(try await test.check().map(\.code) == [.rowDamaged])
        let keyring = test.keyring
        // Another's put, a deletion, an event that is to come.
        let strange = [sound.images[0].changedAt + 1, try index(.imageDelete), 1 << 40]
        for event in strange {
            putBack {
                $0.images = [sound.images[0].authenticated(by: keyring, at: event)]
                $0.references = sound.references
            }
            try await expectOne(test, of: id, event)
            putBack {
                $0.images = sound.images
                $0.references = [
                    sound.references[0].authenticated(of: sound.images[0], by: keyring, at: event)
                ]
            }
            try await expectOne(test, of: id, event)
        }
    }

    // MARK: The log

    @Test("an event that is missing, changed or in clear is found, and a tree that ends elsewhere")
    func log() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.other, as: bob)
        for _ in 0..<5 { try await test.vault.recordService(.serviceStarted) }
        let sound = memory.tables.events
        func expect(
            _ event: UInt64?, location: SourceLocation = #_sourceLocation,
            _ body: (inout [EventRow]) -> Void
        ) async throws {
            memory.tamper { body(&$0.events) }
            let found = try await test.check()
            #expect(!found.isEmpty, sourceLocation: location)
            #expect(found.allSatisfy { $0.code == .catalogDamaged }, sourceLocation: location)
            #expect(found.contains { $0.event == event }, sourceLocation: location)
            // The log grew meanwhile.
            memory.tamper {
                $0.events = sound + $0.events.filter { $0.index >= UInt64(sound.count) }
            }
            #expect(try await test.check().isEmpty, sourceLocation: location)
        }
        try await expect(4) { $0.remove(at: 4) }
        try await expect(4) { $0[4] = Self.row($0[4], content: $0[5].content) }
        try await expect(4) { $0[4] = Self.row($0[4], action: .serviceStopped) }
        try await expect(4) { $0[4] = Self.row($0[4], digest: $0[5].digest) }
        try await expect(nil) { $0[4] = Self.row($0[4], digest: $0[5].digest) }
        // In clear anybody writes it: of an image it is none, and the tree is another.
        let at = sound[0].atMicroseconds
        let clear =
            [UInt8](repeating: 0, count: 32)
            + Event(.imagePut, atMicroseconds: at).body(index: 0)
        memory.tamper {
            $0.events[0] = EventRow(
                index: 0, atMicroseconds: at, action: .imagePut, outcome: .done, image: id,
                digest: LogHash.digest(clear), content: .clear(clear))
        }
        let found = try await test.check()
        #expect(found.map(\.code) == [.catalogDamaged, .catalogDamaged])
        #expect(found.map(\.event) == [0, nil])
    }

    private static func row(
        _ event: EventRow, action: EventAction? = nil, digest: Digest256? = nil,
        content: EventRow.Content? = nil
    ) -> EventRow {
        EventRow(
            index: event.index, atMicroseconds: event.atMicroseconds,
            action: action ?? event.action, outcome: event.outcome, image: event.image,
            digest: digest ?? event.digest, content: content ?? event.content)
    }
}

extension MemoryCatalog {
    /// The newest event of an action that was done.
    func index(_ action: EventAction) throws -> UInt64 {
        try #require(tables.events.last { $0.action == action && $0.outcome == .done }).index
    }
}
