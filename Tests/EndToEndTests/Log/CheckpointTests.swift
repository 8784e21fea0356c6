import Testing

@Suite("A checkpoint")
struct CheckpointTests {
    @Test("is a note that the log's key signed, under the vault's own origin")
    func signature() throws {
        let vault = try TestVault()
        let key = try AuditKey(file: vault.publicKey)
        let note = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        #expect(note["Content-Type"]?.hasPrefix("text/plain") == true)
        let checkpoint = try SignedCheckpoint(note.body, key)
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        let id = try #require(status["vault"].text)
        #expect(checkpoint.origin == "imagevault/\(id)")
    }

    @Test("does not hold for another vault's key, nor with a changed size")
    func forgery() throws {
        let vault = try TestVault()
        let other = try TestVault(starting: false)
        let note = try vault.ask("GET", "/v1/checkpoint", door: "audit").body
        let key = try AuditKey(file: vault.publicKey)
        #expect(throws: TestFailure.self) {
            try SignedCheckpoint(note, AuditKey(file: other.publicKey))
        }
        var lines = String(decoding: note, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        lines[1] += "0"
        let forged = Array(lines.joined(separator: "\n").utf8)
        #expect(throws: TestFailure.self) { try SignedCheckpoint(forged, key) }
    }

    @Test("has the root that a second implementation finds over the catalog's events")
    func root() throws {
        let vault = try TestVault()
        let key = try AuditKey(file: vault.publicKey)
        for number in 0..<9 {
            _ = try vault.store(Sample.jpeg(120 + number))
            let note = try vault.ask("GET", "/v1/checkpoint", door: "audit").body
            let checkpoint = try SignedCheckpoint(note, key)
            let (root, events) = try Catalog.root(vault.catalog, size: checkpoint.size)
            #expect(checkpoint.root == root)
            #expect(events >= checkpoint.size)
            #expect(checkpoint.size >= number + 3)
        }
    }

    @Test("covers all that happened before it")
    func covers() throws {
        let vault = try TestVault()
        let key = try AuditKey(file: vault.publicKey)
        let first = try SignedCheckpoint(
            vault.ask("GET", "/v1/checkpoint", door: "audit").body, key)
        _ = try vault.get("zz")
        try vault.crash()
        try vault.start()
        let second = try SignedCheckpoint(
            vault.ask("GET", "/v1/checkpoint", door: "audit").body, key)
        // The refused reading, the start, and the reading of this checkpoint.
        #expect(second.size == first.size + 3)
    }
}
