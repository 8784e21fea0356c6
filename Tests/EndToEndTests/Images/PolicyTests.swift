import Crypto
import Foundation
import Testing
import VaultTestKit

@Suite("A setting of the vault")
struct PolicyTests {
    @Test(
        "chooses the cipher, and what the other one sealed stays readable",
        arguments: [
            ("aes-256-gcm", "xchacha20-poly1305"), ("xchacha20-poly1305", "aes-256-gcm"),
        ])
    func suites(first: String, second: String) throws {
        let vault = try TestVault(starting: false)
        let image = Sample.jpeg(bytes: 3 * Sample.frameBytes, 500)
        try vault.start(arguments: ["--set", "encryption.suite=\(first)"])
        let older = try vault.store(image)
        try vault.stop()
        try vault.start(arguments: ["--set", "encryption.suite=\(second)"])
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        #expect(status["keys"]["suite"].text == second)
        let newer = try vault.store(Sample.jpeg(501))
        #expect(try vault.get(older).bytes == Bytes(image))
        #expect(try vault.get(newer).bytes == Bytes(Sample.jpeg(501)))
    }

    @Test("lets data behind an image be cut off, and the answer says so")
    func truncation() throws {
        let vault = try TestVault(
            settings: "validation:\n  level: structure\n  trailer: truncate\n")
        let image = Sample.jpeg(502)
        let answer = try vault.put(image + Sample.filler(300, 9))
        #expect(answer.status == 201, "\(answer.summary)")
        #expect(answer.json["transformed"] == .list([.text("trailer-truncated")]))
        #expect(answer.json["received"]["bytes"].number == image.count + 300)
        #expect(answer.json["stored"]["bytes"].number == image.count)
        let digest = SHA256.hash(data: image).map { String(format: "%02x", $0) }.joined()
        #expect(answer.json["stored"]["sha256"].text == digest)
        let id = try #require(answer.json["id"].text)
        #expect(try vault.get(id).bytes == Bytes(image))
        // What was cut off makes no other image of it.
        #expect(try vault.store(image) == id)
    }

    @Test("asks for decoding, which sound images pass, and a changed picture does not")
    func decoding() throws {
        let vault = try TestVault(settings: "validation:\n  level: decode\n")
        for (image, name) in [(Sample.jpeg(503), "a.jpg"), (Sample.png(504), "a.png")] {
            let answer = try vault.put(image, name: name)
            #expect(answer.status == 201, "\(answer.summary)")
            #expect(answer.json["verdict"]["level"].text == "decode")
        }
        let refused = try vault.put(Sample.undecodablePNG, name: "b.png")
        #expect(refused.json["finding"]["code"].text == "png-filter", "\(refused.summary)")
        let shallow = try TestVault()
        #expect(try shallow.put(Sample.undecodablePNG, name: "b.png").status == 201)
    }

    @Test(
        "tightens what is accepted",
        arguments: [
            ("animation=refuse", "png-animation-not-allowed"), ("types=jpeg", "type-not-allowed"),
            ("max_pixels=239", "dimensions-absurd"),
            ("max_metadata_bytes=1024", "metadata-too-large"),
        ])
    func limits(setting: String, finding: String) throws {
        let vault = try TestVault(arguments: ["--set", "validation.\(setting)"])
        let image = TestPNG.animated.parts
            .inserting(
                .init("tEXt", Array("Title\0".utf8) + Sample.filler(1100, 1)), before: "IDAT")
        let refused = try vault.put(image.bytes, name: "a.png")
        #expect(refused.json["finding"]["code"].text == finding, "\(refused.summary)")
        let usual = try TestVault()
        #expect(try usual.put(image.bytes, name: "a.png").status == 201)
    }

    @Test("of one namespace replaces that one setting there, and the status tells both")
    func ownPolicy() throws {
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                  trailer: truncate
                namespaces:
                  default:
                    validation:
                      animation: refuse
                      max_scans: 7

                """)
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        #expect(status["validation"]["animation"].text == "accept")
        let own = status["namespaces"]["default"]
        #expect(own["animation"].text == "refuse")
        #expect(own["max_scans"].number == 7)
        #expect(own["level"].text == "structure")
        #expect(own["trailer"].text == "truncate")
        let refused = try vault.put(TestPNG.animated.bytes, name: "a.png")
        #expect(refused.json["finding"]["code"].text == "png-animation-not-allowed")
        #expect(try vault.put(Sample.jpeg(505) + Sample.filler(50, 9)).status == 201)
    }

    @Test("lets metadata be left out, and answers and inspections say so")
    func stripping() throws {
        let vault = try TestVault(
            settings: "validation:\n  level: decode\n  metadata: strip\n")
        let image = TestJPEG.baseline.parts.commented("secret").bytes
        for target in ["/v1/inspect", "/v1/images"] {
            let answer = try vault.ask("POST", target, [Request.name("a.jpg")], body: image)
            #expect(answer.json["transformed"] == .list([.text("metadata-stripped")]))
        }
        let listed = try vault.ask("GET", "/v1/images").json["images"].list
        let id = try #require(listed.first?["id"].text)
        #expect(listed.first?["transformed"] == .list([.text("metadata-stripped")]))
        #expect(try vault.get(id).bytes == Bytes(TestJPEG.baseline.bytes))
        #expect(try vault.store(TestJPEG.baseline.bytes) == id)
    }
}
