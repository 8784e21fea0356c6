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
}
