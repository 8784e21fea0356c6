import Testing

@Suite("A reading", .vault)
struct ReadTests {
    @Test(
        "has a length, a type, a name, and forbids sniffing and keeping",
        arguments: ["GET", "HEAD"])
    func fields(method: String) throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(30)
        let id = try vault.store(image)
        let answer = try vault.ask(method, "/v1/images/\(id)")
        #expect(answer.status == 200)
        #expect(answer["Content-Length"] == "\(image.count)")
        #expect(answer["Transfer-Encoding"] == nil)
        #expect(answer["Content-Type"] == "image/jpeg")
        #expect(answer["X-Content-Type-Options"] == "nosniff")
        #expect(answer["Cache-Control"] == "no-store")
        #expect(answer["Content-Disposition"] == "attachment; filename=\"photo.jpg\"")
    }

    @Test("of many frames is not chunked either")
    func longFields() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(bytes: 3 * Sample.frameBytes, 31)
        let answer = try vault.get(vault.store(image))
        #expect(answer["Content-Length"] == "\(image.count)")
        #expect(answer["Transfer-Encoding"] == nil)
    }

    @Test("of the head alone sends no body, and the connection goes on")
    func head() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(32)
        let id = try vault.store(image)
        let door = try vault.connect()
        #expect(try door.ask("HEAD", "/v1/images/\(id)").status == 200)
        #expect(try door.ask("HEAD", "/v1/images/\(Self.nowhere)").status == 404)
        #expect(try door.ask("GET", "/v1/images/\(id)").bytes == Bytes(image))
    }

    @Test("of the metadata gives what the upload was answered with")
    func metadata() throws {
        let vault = try sharedVault()
        let stored = try vault.put(Sample.jpeg(33), name: "m.jpg")
        let id = try #require(stored.json["id"].text)
        let metadata = try vault.ask("GET", "/v1/images/\(id)/metadata")
        #expect(metadata.status == 200)
        #expect(metadata.json == stored.json)
    }

    @Test("under a claim that exists is answered, with that claim's name")
    func claimed() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(34)
        let claim = ["Vault-Job: j34", "Vault-Owner: o34"]
        let id = try vault.store(image, name: "claimed.jpg", claim)
        let answer = try vault.get(id, claim)
        #expect(answer.bytes == Bytes(image))
        #expect(answer["Content-Disposition"] == "attachment; filename=\"claimed.jpg\"")
        let metadata = try vault.ask("GET", "/v1/images/\(id)/metadata", claim)
        #expect(metadata.json["job"].text == "j34")
    }

    @Test(
        "under a claim that does not exist is refused as unknown",
        arguments: [
            ["Vault-Job: other"], ["Vault-Owner: other"],
            ["Vault-Job: j35", "Vault-Owner: other"], ["Vault-Job: other", "Vault-Owner: o35"],
        ])
    func unclaimed(claim: [String]) throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(35), ["Vault-Job: j35", "Vault-Owner: o35"])
        for target in ["/v1/images/\(id)", "/v1/images/\(id)/metadata"] {
            let answer = try vault.ask("GET", target, claim)
            #expect(answer.status == 404)
            #expect(answer.code == "unknown-image")
        }
    }

    @Test("does not tell an image of another claim from one that never was")
    func indistinguishable() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(36), ["Vault-Job: mine"])
        let claim = ["Vault-Job: yours"]
        for method in ["GET", "DELETE"] {
            let hidden = try vault.ask(method, "/v1/images/\(id)", claim)
            let absent = try vault.ask(method, "/v1/images/\(Self.nowhere)", claim)
            #expect(Self.told(hidden) == Self.told(absent))
        }
        let hidden = try vault.ask("HEAD", "/v1/images/\(id)", claim)
        let absent = try vault.ask("HEAD", "/v1/images/\(Self.nowhere)", claim)
        #expect(Self.told(hidden) == Self.told(absent))
    }

    @Test("by an id that is none is refused", arguments: ["zz", "AB", "", "%2e%2e", "..", "a/b/c"])
    func badIdentifiers(id: String) throws {
        let answer = try sharedVault().get(id)
        #expect([400, 404].contains(answer.status))
        #expect(["invalid-id", "unknown-route"].contains(answer.code))
    }

    @Test("by an id in capitals is refused: one address has one spelling")
    func capitals() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(37))
        #expect(try vault.get(id.uppercased()).code == "invalid-id")
        #expect(try vault.get(id + "0").code == "invalid-id")
    }

    private static let nowhere = String(repeating: "0f", count: 32)

    /// An answer without what differs between any two: the request's number.
    private static func told(_ answer: Answer) -> [String] {
        let body = String(decoding: answer.body, as: UTF8.self)
            .replacing(/"request_id":"[0-9a-f]+"/, with: "")
        return ["\(answer.status)", body] + answer.fields.map { "\($0.name): \($0.value)" }.sorted()
    }
}
