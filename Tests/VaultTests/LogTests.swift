// What the log says of each request, and what it never says.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Events of the verbs")
struct LogTests {
    @Test("every verb leaves its event, in order, and refusals too")
    func everyVerb() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        _ = try await test.metadata(id)
        _ = try await test.list()
        _ = try await test.vault.status(test.call())
        _ = try await test.vault.events(from: 0, limit: 1, test.call())
        _ = try await refusal { try await test.put(TestImages.jpeg, name: "a.png") }
        _ = try await refusal { try await test.delete(id, as: TestClaim(owner: "bob")) }
        try await test.delete(id)
        #expect(
            try test.log().map(\.summary) == [
                "image.put done", "metadata.read done", "image.list done", "status.read done",
                "log.read done", "image.put refused image-refused extension-mismatch",
                "image.delete refused unknown-image", "image.delete done",
            ])
        try CatalogState(test.catalog).check()
    }

    @Test("an event says who called through which door, and for which request")
    func caller() async throws {
        let test = try TestVault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: TestClaim(in: TestKeys.clinic)).image
            .image
        let line = try #require(try test.log().last)
        #expect((line.door, line.uid, line.pid) == ("images", 1001, 77))
        #expect(line.requestId == TestVault.request.hex)
        #expect(line.namespace == "clinic")
        #expect(line.image == id.hex)
        #expect(line.bytes == TestImages.small.count)
        #expect((line.verdict, line.epoch) == ("structure", 1))
    }

    @Test("an event's reference leads to the words, and dies with them")
    func reference() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let id = try await test.put(TestImages.small).image.image
        let named = try #require(try test.log().last?.reference)
        #expect(memory.tables.references.map(\.reference.hex) == [named])
        try await test.delete(id)
        #expect(memory.tables.references.isEmpty)
    }

    @Test("no event and no row holds a name, a job or an owner")
    func noWords() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        let words = ["Ferdinand", "job-of-autumn", "owner-of-hearts"]
        let who = try TestClaim(owner: words[2], job: words[1])
        let id = try await test.put(TestImages.small, name: "\(words[0]).png", as: who).image.image
        _ = try await test.get(id, as: who)
        _ = try await test.list(as: who)
        let stranger = try TestClaim(owner: words[2], job: "another")
        _ = try await refusal { try await test.delete(id, as: stranger) }
        _ = try await refusal { _ = try await test.metadata(id, as: stranger) }
        _ = try await refusal {
            try await test.put(TestImages.jpeg, name: "\(words[0]).png", as: who)
        }
        try await test.delete(id, as: who)
        _ = try await test.put(TestImages.small, name: "\(words[0]).png", as: who)
        let tables = memory.tables
        let texts =
            try test.bodies()
            + tables.references.map { String(decoding: $0.sealedBody, as: UTF8.self) }
            + tables.images.map { "\($0)" } + tables.references.map { "\($0)" }
        #expect(texts.count == 9 + 3)
        for word in words {
            #expect(!texts.contains { $0.contains(word) }, "\(word)")
        }
    }

    @Test("an event's body opens only at its own index")
    func bodiesAreBound() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        for _ in 0..<2 { _ = try await test.list() }
        memory.tamper { tables in
            let events = tables.events
            tables.events = zip(events, [events[1], events[0]]).map { place, other in
                EventRow(
                    index: place.index, atMicroseconds: place.atMicroseconds,
                    action: place.action, outcome: place.outcome, image: place.image,
                    digest: other.digest, content: other.content)
            }
        }
        let page = try await test.vault.events(from: 0, limit: 2, test.call())
        #expect(page.events.map(\.body) == [nil, nil])
    }

    @Test("a body whose digest is not what the tree holds is not shown")
    func digestDecides() async throws {
        let memory = MemoryCatalog()
        let test = try TestVault(catalog: memory)
        defer { test.stop() }
        _ = try await test.list()
        var rows = TestRows()
        let forged = rows.event(0)
        memory.tamper { tables in
            let event = tables.events[0]
            tables.events[0] = EventRow(
                index: 0, atMicroseconds: event.atMicroseconds, action: event.action,
                outcome: event.outcome, image: nil, digest: forged.digest, content: event.content)
        }
        #expect(try await test.vault.events(from: 0, limit: 1, test.call()).events[0].body == nil)
    }

    @Test("the log is read in pages to its end, which each reading moves")
    func pages() async throws {
        let test = try TestVault()
        defer { test.stop() }
        for _ in 0..<5 { _ = try await test.list() }
        var indexes: [UInt64] = []
        var from: UInt64? = 0
        for _ in 0..<3 {
            guard let first = from else { break }
            let page = try await test.vault.events(from: first, limit: 2, test.call())
            #expect(page.events.allSatisfy { $0.body != nil })
            indexes += page.events.map(\.index)
            from = page.next
        }
        #expect(indexes == Array(0..<6))
        let past = try await test.vault.events(from: 1000, limit: 5, test.call())
        #expect(past.events.isEmpty && past.next == nil)
        #expect(past.size == 9)
    }

    @Test("the newest events end with the reading that asks for them or the one before")
    func newest() async throws {
        let test = try TestVault()
        defer { test.stop() }
        for _ in 0..<5 { _ = try await test.list() }
        let page = try await test.vault.newestEvents(3, test.call())
        #expect(page.events.map(\.index) == [2, 3, 4])
        let all = try await test.vault.newestEvents(1000, test.call())
        #expect(all.events.first?.index == 0 && all.events.count >= 6)
    }

    @Test("a checkpoint states the log's size and root under the log's key")
    func checkpoint() async throws {
        let signer = try TestKeys.logSigner()
        let test = try TestVault(signer: signer)
        defer { test.stop() }
        _ = try await test.list()
        let note = try #require(try await test.vault.checkpoint(test.call()))
        let frontier = try CatalogState.frontier(of: test.catalog.events())
        let root = try #require(frontier.root(hash: LogHash.node))
        #expect(try note == signer.note(size: 2, root: root))
    }

    @Test("without the log's key there is no checkpoint, and the log goes on")
    func noCheckpoint() async throws {
        let test = try TestVault(openLogKey: { nil })
        defer { test.stop() }
        #expect(try await test.vault.checkpoint(test.call()) == nil)
        #expect(try test.log().map(\.summary) == ["log.read done"])
    }
}
