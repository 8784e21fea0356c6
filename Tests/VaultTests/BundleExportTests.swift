// What the vault hands out of its log, checked as an auditor checks it.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Exports of the log", .serialized)
struct BundleExportTests {
    private let memory = MemoryCatalog()
    private let signer: LogSigner
    private let test: TestVault

    init() throws {
        signer = try TestKeys.logSigner()
        test = try TestVault(catalog: memory, signer: signer)
    }

    private var auditor: Call { test.call(uid: 2002, door: .audit) }

    /// A log of so many events at least, about two images and three claims.
    private func fill(_ count: Int) async throws -> [ImageID] {
        let mine = try TestClaim(owner: "ann", job: "one")
        let other = try TestClaim(owner: "bob")
        let first = try await test.put(TestImages.small, as: mine).image.image
        let second = try await test.put(TestImages.large, as: other).image.image
        while memory.tables.events.count < count {
            _ = try await test.get(first, as: mine)
            _ = try? await test.get(second, as: mine)
            test.clock.advance(microseconds: 1_000_000)
        }
        return [first, second]
    }

    private func bundle(_ query: BundleQuery) async throws -> [UInt8] {
        var export = try await test.vault.bundle(query, words: "words", auditor)
        var bytes: [UInt8] = []
        while let piece = try export.next(of: test.vault) { bytes += piece }
        return bytes
    }

    private func check(_ bundle: [UInt8], known: String? = nil) throws -> BundleSummary {
        var trust = BundleTrust(keys: [try NoteVerifier(line: signer.verifierKey)])
        trust.known = known
        var verifier = try BundleVerifier(trust)
        var lines = LineSplitter()
        lines.feed(bundle)
        while let line = lines.next() { try verifier.take(line) }
        return try verifier.finish(rest: lines.rest)
    }

    /// Indexes of the events that a bundle shows.
    private func shown(_ bundle: [UInt8]) throws -> [UInt64] {
        try bundle.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard case .event(_, _, let body)? = try? BundleItem(parsing: line) else { return nil }
            return try EventFields(parsing: body).number("index")
        }
    }

    @Test("every range of a log of hundreds of events holds, and shows it whole")
    func ranges() async throws {
        defer { test.stop() }
        _ = try await fill(700)
        var random = SeededRandom()
        for _ in 0..<30 {
            let size = UInt64(memory.tables.events.count)
            var query = BundleQuery()
            query.from = UInt64(Int.random(in: 0..<Int(size), using: &random))
            query.to =
                query.from + UInt64(Int.random(in: 0...Int(size - query.from), using: &random))
            query.known = (0..<Int.random(in: 0..<3, using: &random)).map { _ in
                UInt64(Int.random(in: 0..<Int(size), using: &random))
            }
            let bytes = try await bundle(query)
            let found = try check(bytes)
            let range = query.from..<(query.to ?? 0)
            #expect(found.events == UInt64(range.count))
            #expect(try shown(bytes) == Array(range))
            #expect(found.size >= size)
        }
    }

    @Test("filtered events are those that pass, and the log has them")
    func filters() async throws {
        defer { test.stop() }
        let images = try await fill(300)
        func expect(_ change: (inout AuditQuery) -> Void, _ wanted: (EventRow) -> Bool) async throws
        {
            var query = BundleQuery()
            change(&query.filter)
            let size = memory.tables.events.count
            let bytes = try await bundle(query)
            #expect(try check(bytes).heading.query == "words")
            let wanted = memory.tables.events.prefix(size).filter(wanted).map(\.index)
            #expect(!wanted.isEmpty)
            #expect(try shown(bytes).filter { $0 < size } == wanted)
        }
        try await expect {
            $0.image = images[0]
        } _: {
            $0.image == images[0] && $0.action != .readEnded
        }
        try await expect {
            $0.actions = [.readBegun, .imagePut]
        } _: {
            $0.action == .readBegun || $0.action == .imagePut
        }
        try await expect {
            $0.outcome = .refused
        } _: {
            $0.outcome == .refused
        }
        let reads = memory.tables.events.filter { $0.action == .readBegun && $0.outcome == .done }
        let owner = try OwnerID("ann")
        try await expect {
            $0.owner = owner
        } _: { row in
            row.action == .imagePut && row.image == images[0]
                || reads.contains { $0.index == row.index }
        }
        let nobody = try OwnerID("nobody")
        var query = BundleQuery()
        query.filter.owner = nobody
        #expect(try shown(try await bundle(query)).isEmpty)
        query.filter = AuditQuery()
        query.filter.uid = 1001
        // But for the ends of readings.
        #expect(try shown(try await bundle(query)).count > 150)
        query.filter.uid = 1002
        #expect(try shown(try await bundle(query)).isEmpty)
    }

    @Test("times alone give a range, whole")
    func times() async throws {
        defer { test.stop() }
        _ = try await fill(400)
        let events = memory.tables.events
        var query = BundleQuery()
        query.filter.since = events[100].atMicroseconds
        query.filter.until = events[200].atMicroseconds
        let bytes = try await bundle(query)
        #expect(try check(bytes).heading.query == nil)
        let range = events.filter {
            $0.atMicroseconds >= events[100].atMicroseconds
                && $0.atMicroseconds < events[200].atMicroseconds
        }
        #expect(try shown(bytes) == range.map(\.index))
    }

    @Test("a checkpoint from before is continued; one of another history is not")
    func known() async throws {
        defer { test.stop() }
        _ = try await fill(100)
        let note = try #require(try await test.vault.checkpoint(auditor))
        let size = try Checkpoint(parsing: SignedNote(parsing: note).text).size
        _ = try await fill(300)
        var query = BundleQuery()
        query.from = 280
        query.known = [size]
        #expect(try check(try await bundle(query), known: note).size > size)
        let other = try signer.note(size: size, root: LogHash.digest([1]))
        let forked = try await bundle(query)
        #expect {
            try check(forked, known: other)
        } throws: {
            ($0 as? BundleFault)?.rule == .forked
        }
    }

    @Test("a log whose rows were changed is not signed")
    func tampered() async throws {
        defer { test.stop() }
        _ = try await fill(600)
        for change in [
            { $0.events.remove(at: 300) },
            { $0.events[300] = $0.events[301] },
            { $0.subtrees[8]?[0] = LogHash.digest([7]) },
        ] as [(inout MemoryTables) -> Void] {
            let sound = memory.tables
            memory.tamper(change)
            var query = BundleQuery()
            query.from = 290
            query.to = 310
            await #expect(throws: VaultError.self) { _ = try await bundle(query) }
            memory.tamper { $0 = sound }
        }
    }

    @Test("an event that no longer opens is shown without its body")
    func erased() async throws {
        defer { test.stop() }
        _ = try await fill(50)
        memory.tamper {
            let row = $0.events[20]
            $0.events[20] = EventRow(
                index: row.index, atMicroseconds: row.atMicroseconds, action: row.action,
                outcome: row.outcome, image: row.image, digest: row.digest,
                content: .sealed([UInt8](repeating: 0, count: 300)))
        }
        let found = try check(try await bundle(BundleQuery()))
        #expect(found.erased == 1)
    }

    @Test("what the log does not reach is refused, and so is a sealed vault")
    func refused() async throws {
        defer { test.stop() }
        _ = try await fill(10)
        for change in [{ $0.to = 1000 }, { $0.from = 1000 }, { $0.known = [1000] }]
            as [(inout BundleQuery) -> Void]
        {
            var query = BundleQuery()
            change(&query)
            #expect(
                try await refusal {
                    _ = try await test.vault.bundle(query, words: "", auditor)
                } == .unknownIndex)
        }
        _ = try await test.vault.seal(auditor)
        #expect(
            try await refusal {
                _ = try await test.vault.bundle(BundleQuery(), words: "", auditor)
            } == .sealed)
    }

    @Test("tiles are the tree's hashes, and only as many as the log has")
    func tiles() async throws {
        defer { test.stop() }
        _ = try await fill(600)
        let digests = memory.tables.events.map(\.digest)
        let leaves = try await test.vault.tile(TilePath(level: 0, place: 1), auditor)
        #expect(leaves == digests[256..<512].flatMap { LogHash.leaf($0).bytes })
        let top = try await test.vault.tile(TilePath(level: 1, place: 0, width: 2), auditor)
        let halves = [0, 256].map { start -> Digest256 in
            var tree = MerkleFrontier.empty
            for digest in digests[start..<start + 256] {
                tree.append(LogHash.leaf(digest), hash: LogHash.node)
            }
            return tree.root(hash: LogHash.node) ?? LogHash.empty
        }
        #expect(top == halves.flatMap(\.bytes))
        let entries = try await test.vault.tile(
            TilePath(level: nil, place: 2, width: 50), auditor)
        #expect(entries == digests[512..<562].flatMap { [0, 32] + $0.bytes })
        #expect(
            try await refusal {
                _ = try await test.vault.tile(TilePath(level: 1, place: 0, width: 3), auditor)
            } == .unknownIndex)
    }

    @Test("a log without stored subtrees gets them when it is opened")
    func completed() async throws {
        _ = try await fill(600)
        test.stop()
        let whole = memory.tables.subtrees
        #expect(whole[8]?.count ?? 0 >= 2)
        memory.tamper { $0.subtrees = [8: [whole[8]![0]]] }
        let again = try test.reopened()
        defer { again.stop() }
        #expect(memory.tables.subtrees[8]?.prefix(2) == whole[8]?.prefix(2))
    }
}
