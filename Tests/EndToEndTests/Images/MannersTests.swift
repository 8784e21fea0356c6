// What an upload may promise about itself, and what no browser may ask for.

import Crypto
import Foundation
import Testing

@Suite("The door's manners", .vault)
struct MannersTests {
    private func field(_ image: [UInt8]) -> String {
        "Content-Digest: sha-256=:\(Data(SHA256.hash(data: image)).base64EncodedString()):"
    }

    @Test("an upload that agrees with its Content-Digest is stored, whatever else the field holds")
    func digestAgrees() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(700)
        let digest = field(image)
        #expect(try vault.put(image, [digest]).status == 201)
        #expect(try vault.put(image, [digest + ", md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"]).status == 201)
        #expect(
            try vault.put(image, ["Content-Digest: md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"]).status == 201)
    }

    @Test("an upload that disagrees with its Content-Digest is refused, and nothing is stored")
    func digestDisagrees() throws {
        let vault = try sharedVault()
        let answer = try vault.put(Sample.jpeg(701), [field(Sample.jpeg(702))])
        #expect(answer.status == 400)
        #expect(answer.json["code"].text == "digest-mismatch")
    }

    @Test(
        "a Content-Digest that is none is refused",
        arguments: [
            "sha-256=", "sha-256=::", "sha-256=:abc:", "sha-256=47DEQpj8", "sha-256=:AAAA:",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, "
                + "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        ])
    func digestMalformed(value: String) throws {
        let answer = try sharedVault().put(Sample.jpeg(703), ["Content-Digest: \(value)"])
        #expect(answer.status == 400)
        #expect(answer.json["code"].text == "invalid-digest")
    }

    @Test(
        "what a browser sends for a page is refused where something would change",
        arguments: [
            "Origin: https://example.org", "Origin: null", "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ])
    func crossSite(header: String) throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(704)
        let stored = try vault.store(image)
        let put = try vault.put(image, [header])
        #expect(put.status == 403)
        #expect(put.json["code"].text == "cross-site")
        let door = try vault.connect()
        let delete = try door.ask("DELETE", "/v1/images/\(stored)", [header])
        #expect(delete.status == 403)
        #expect(try vault.connect().ask("GET", "/v1/images/\(stored)", [header]).status == 200)
    }

    @Test("a browser's own navigation and a backend's request are no page's")
    func sameOrigin() throws {
        let vault = try sharedVault()
        #expect(try vault.put(Sample.jpeg(705), ["Sec-Fetch-Site: none"]).status == 201)
        #expect(try vault.put(Sample.jpeg(705), ["Sec-Fetch-Site: same-origin"]).status == 201)
    }

    // MARK: Deadlines

    @Test("an upload that does not end within its timeout is answered so, and nothing is stored")
    func timeout() throws {
        let vault = try sharedVault()
        let door = try vault.connect()
        let image = Sample.jpeg(bytes: 5000, 706)
        let head = Request.bytes(
            "POST", "/v1/images",
            [
                Request.name("a.jpg"), "Content-Length: \(image.count)", "Vault-Timeout-Ms: 200",
            ])
        try door.send(head + image.prefix(100))
        let answer = try #require(try door.answer())
        #expect(answer.status == 504, "\(answer.summary)")
        #expect(answer.code == "deadline-exceeded")
        #expect(answer["Connection"] == "close")
        #expect(try door.readToEnd().isEmpty)
        let event = try vault.events().last { $0["code"].text == "deadline-exceeded" }
        #expect(event?["action"].text == "image.put")
        #expect(event?["request_id"].text == answer.json["request_id"].text)
    }

    @Test("a timeout that is long enough changes nothing")
    func longTimeout() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(707)
        let id = try vault.store(image)
        #expect(try vault.put(image, ["Vault-Timeout-Ms: 60000"]).status == 201)
        let answer = try vault.connect().ask(
            "GET", "/v1/images/\(id)", ["Vault-Timeout-Ms: 60000"])
        #expect(answer.bytes == Bytes(image))
        #expect(
            try vault.connect().ask("DELETE", "/v1/images/\(id)", ["Vault-Timeout-Ms: 60000"])
                .status == 200)
    }

    @Test(
        "a header of the vault's that is none is refused at every door",
        arguments: [
            "Vault-Timeout-Ms: 0", "Vault-Timeout-Ms: soon", "Vault-Actor: a b", "Vault-Actor:",
            "Vault-Client: 10.0.0.1", "Vault-Client: ip=300.0.0.1",
        ])
    func badContext(header: String) throws {
        let vault = try sharedVault()
        for door in ["images", "admin", "audit"] {
            let answer = try vault.connect(door).ask("GET", "/v1/whoami", [header])
            #expect(answer.status == 400)
            #expect(answer.code == "invalid-header")
            let name = header.split(separator: ":")[0]
            #expect(answer.json["detail"].text?.hasPrefix(name) == true)
        }
    }

    // MARK: Asserted context

    @Test("whom the backend asks for stands in the log as pseudonyms, the same each time")
    func asserted() throws {
        let vault = try sharedVault()
        let id = try vault.store(Sample.jpeg(708))
        let trace = "0af7651916cd43dd8448eb211c80319c"
        let context = [
            "Vault-Actor: user:8421", "Vault-Client: ip=203.0.113.9; ua=\"Mozilla/5.0\"",
            "traceparent: 00-\(trace)-b7ad6b7169203331-01",
        ]
        #expect(try vault.connect().ask("GET", "/v1/images/\(id)", context).status == 200)
        let read = try #require(try vault.event("read.begun", of: id))
        #expect(read["trace"].text == trace)
        let names = ["actor", "client", "agent"].map { read[$0].text }
        #expect(Set(names).count == 3)
        #expect(names.allSatisfy { $0?.count == 32 })
        _ = try vault.connect().ask("GET", "/v1/images/\(id)/metadata", context)
        let other = try #require(try vault.event("metadata.read", of: id))
        #expect(["actor", "client", "agent"].map { other[$0].text } == names)
    }
}
