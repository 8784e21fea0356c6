// POST /v1/inspect: what PUT would say, and nothing stored.

import Testing
import VaultTestKit

@Suite("An inspection", .vault)
struct InspectTests {
    @Test("says what would be stored, and stores nothing")
    func accepted() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(700)
        let answer = try vault.inspect(image, [Request.name("a.jpg")])
        #expect(answer.status == 200, "\(answer.summary)")
        let json = answer.json
        #expect(json["accepted"] == .bool(true))
        for nothing in ["finding", "meaning", "fix"] { #expect(json[nothing] == .null) }
        #expect(json["type"].text == "image/jpeg")
        #expect(json["width"].number == 40)
        #expect(json["received"]["bytes"].number == image.count)
        #expect(json["stored_bytes"].number == image.count)
        #expect(json["verdict"]["level"].text == "structure")
        let event = try #require(try vault.inspections().last)
        #expect(event["outcome"].text == "done")
        #expect(event["bytes"].number == image.count)
        #expect(event["image"] == .null)
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        #expect(status["images"]["count"].number == 0)
        #expect(vault.blobs.isEmpty)
    }

    @Test("of what would be refused is an answer, with the rule, its place and what to do")
    func refused() throws {
        let vault = try sharedVault()
        let image = Sample.jpeg(701)
        let answer = try vault.inspect(image + Sample.filler(100, 3), [Request.name("a.jpg")])
        #expect(answer.status == 200)
        let json = answer.json
        #expect(json["accepted"] == .bool(false))
        #expect(json["finding"]["code"].text == "trailer-data")
        #expect(json["finding"]["offset"].number == image.count)
        #expect(json["meaning"].text?.isEmpty == false)
        #expect(json["fix"].text?.isEmpty == false)
        #expect(json["type"].text == "image/jpeg")
        #expect(json["width"] == .null)
        #expect(json["verdict"]["findings"].list.count == 1)
        let events = try vault.inspections().filter { $0["finding"].text == "trailer-data" }
        #expect(events.map { $0["outcome"].text } == ["done"])
    }

    @Test("judges a name that is told, and no name where none is")
    func names() throws {
        let vault = try sharedVault()
        let named = try vault.inspect(Sample.jpeg(702), [Request.name("a.png")])
        #expect(named.json["finding"]["code"].text == "extension-mismatch")
        let nameless = try vault.inspect(Sample.jpeg(702))
        #expect(nameless.json["accepted"] == .bool(true), "\(nameless.summary)")
        let declared = try vault.inspect(Sample.jpeg(702), ["Content-Type: image/png"])
        #expect(declared.json["finding"]["code"].text == "declared-type-mismatch")
    }

    @Test("has an upload's limits, and a page in a browser has no business with it")
    func limits() throws {
        let vault = try sharedVault()
        #expect(try vault.inspect([]).code == "empty-body")
        #expect(try vault.inspect(Sample.jpeg(), ["Origin: http://a"]).code == "cross-site")
        let digest = "Content-Digest: sha-256=:\(String(repeating: "A", count: 43))=:"
        #expect(try vault.inspect(Sample.jpeg(), [digest]).code == "digest-mismatch")
        let small = try TestVault(arguments: ["--set", "validation.max_bytes=100"])
        let answer = try small.inspect(Sample.jpeg())
        #expect(answer.status == 413)
        let event = try #require(try small.inspections().last)
        #expect(event["outcome"].text == "refused")
        #expect(event["code"].text == "body-too-large")
    }

    @Test("asks the worker as an upload does")
    func worker() throws {
        let vault = try TestVault(settings: "validation:\n  level: decode\n")
        let refused = try vault.inspect(Sample.undecodablePNG)
        #expect(refused.json["finding"]["code"].text == "png-filter", "\(refused.summary)")
        #expect(refused.json["type"].text == "image/png")
        #expect(refused.json["verdict"]["level"].text == "decode")
    }
}

extension TestVault {
    fileprivate func inspect(_ body: [UInt8], _ fields: [String] = []) throws -> Answer {
        try ask("POST", "/v1/inspect", fields, body: body)
    }

    fileprivate func inspections() throws -> [JSON] {
        try events().filter { $0["action"].text == "image.inspected" }
    }
}
