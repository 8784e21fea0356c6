import Testing

@Suite("A claim", .vault)
struct ClaimTests {
    @Test("keeps its image while it is there; the last one takes it along")
    func lastClaim() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(40)
        let id = try vault.store(image, ["Vault-Job: a"])
        _ = try vault.store(image, ["Vault-Job: b"])
        #expect(vault.blobs.count == 1)
        let first = try vault.delete(id, ["Vault-Job: a"])
        #expect(first.json["remaining_claims"].number == 1)
        #expect(first.json["erased"].bool == false)
        #expect(try vault.get(id, ["Vault-Job: b"]).bytes == Bytes(image))
        #expect(try vault.get(id, ["Vault-Job: a"]).code == "unknown-image")
        let last = try vault.delete(id, ["Vault-Job: b"])
        #expect(last.json["erased"].bool == true)
        #expect(try vault.get(id).code == "unknown-image")
        #expect(vault.blobs.isEmpty)
        #expect(try Catalog.counts(vault.catalog) == ["image": 0, "reference": 0, "wrap": 0])
    }

    @Test("is made once, however often it is made")
    func idempotent() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(41)
        let claim = ["Vault-Job: j41"]
        let id = try vault.store(image, claim)
        for _ in 0..<3 { #expect(try vault.store(image, claim) == id) }
        #expect(try vault.delete(id, claim).json["erased"].bool == true)
    }

    @Test("made again shows the newer name")
    func newestWords() throws {
        let vault = try sharedVault()
        let claim = ["Vault-Job: j42"]
        let id = try vault.store(Sample.jpeg(42), name: "old.jpg", claim)
        _ = try vault.store(Sample.jpeg(42), name: "new.jpg", claim)
        let metadata = try vault.ask("GET", "/v1/images/\(id)/metadata", claim)
        #expect(metadata.json["name"].text == "new.jpg")
    }

    @Test("is dropped by exactly its own words")
    func exactWords() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(43), ["Vault-Job: j", "Vault-Owner: o"])
        let wrong = [[], ["Vault-Job: j"], ["Vault-Owner: o"], ["Vault-Job: o", "Vault-Owner: j"]]
        for claim in wrong { #expect(try vault.delete(id, claim).code == "unknown-image") }
        #expect(try vault.delete(id, ["Vault-Job: j", "Vault-Owner: o"]).status == 200)
    }

    @Test("that is not there cannot be dropped, nor twice")
    func twice() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(44))
        #expect(try vault.delete(id).status == 200)
        let again = try vault.delete(id)
        #expect(again.status == 404)
        #expect(again.code == "unknown-image")
    }

    @Test("on an image that was erased makes it anew, under the same id")
    func afterErasure() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(45)
        let id = try vault.store(image)
        _ = try vault.delete(id)
        #expect(try vault.store(image) == id)
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("made by many at once leaves one image, one blob, and every claim")
    func race() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 20_000, 46)
        let ids = try together(8) { try vault.store(image, ["Vault-Job: j\($0)"]) }
        #expect(Set(ids).count == 1)
        #expect(vault.blobs.count == 1)
        let counts = try Catalog.counts(vault.catalog)
        #expect(counts == ["image": 1, "reference": 8, "wrap": 9])
    }

    @Test("dropped by many at once is dropped once")
    func dropRace() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(47))
        let answers = try together(6) { _ in try vault.delete(id).status }
        #expect(answers.filter { $0 == 200 }.count == 1)
        #expect(answers.filter { $0 == 404 }.count == 5)
    }
}
