// A quarantined image, seen from every side of a real vault, and the two steps that end it.

import Foundation
import Glibc
import Testing

@Suite("A quarantined image")
struct QuarantineTests {
    @Test("is read, stored and deleted by nobody, and comes back bit for bit")
    func released() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 3 * Sample.frameBytes, 1)
        let id = try vault.store(image)
        let added = try vault.quarantine(id)
        #expect(added.status == 200, "\(added.summary)")
        let attempts = [
            try vault.get(id), try vault.get(id, ["Range: bytes=0-9"]),
            try vault.get(id, ["If-None-Match: \"\(id)\""]),
            try vault.ask("GET", "/v1/images/\(id)/metadata"), try vault.delete(id),
            try vault.put(image), try vault.put(image, ["Vault-Owner: ann"]),
        ]
        for answer in attempts {
            #expect(answer.status == 409, "\(answer.summary)")
            #expect(answer.code == "quarantined")
        }
        #expect(try vault.ask("HEAD", "/v1/images/\(id)").status == 409)
        let listed = try vault.ask("GET", "/v1/images").json["images"].list
        #expect(listed.map { $0["quarantined"].bool } == [true])
        #expect(try vault.get(id, ["Vault-Owner: bob"]).code == "unknown-image")
        // Neither the admin's socket nor a restart gives it away.
        #expect(try vault.ask("GET", "/v1/images/\(id)", door: "admin").status == 404)
        try vault.crash()
        try vault.start()
        #expect(try vault.get(id).code == "quarantined")

        let request = try vault.request("release", id)
        #expect(try vault.get(id).code == "quarantined")
        let approved = try vault.approve(request)
        #expect(approved.json["state"].text == "performed", "\(approved.summary)")
        #expect(try vault.get(id).bytes == Bytes(image))
        #expect(try vault.approve(request).code == "approval-used")
        let actions = try vault.events().filter { $0["image"].text == id }
            .compactMap { $0["action"].text }
        for action in ["image.quarantined", "quarantine.requested", "image.released"] {
            #expect(actions.filter { $0 == action }.count == 1, "\(action)")
        }
    }

    @Test("is erased, blob, row and claims, once that was approved")
    func erased() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        _ = try vault.store(Sample.jpeg(1), ["Vault-Owner: ann"])
        _ = try vault.quarantine(id)
        let waiting = try vault.request("erase", id)
        #expect(vault.blobs.count == 1)
        let listed = try vault.ask("GET", "/v1/approvals", door: "admin").json["approvals"].list
        #expect(listed == [waiting])
        _ = try vault.approve(waiting)
        #expect(vault.blobs.isEmpty)
        #expect(try vault.get(id).code == "unknown-image")
        #expect(try vault.ask("GET", "/v1/quarantine", door: "admin").json["images"].list.isEmpty)
        try vault.stop()
        let counts = try Catalog.counts(vault.catalog)
        #expect(counts == ["image": 0, "reference": 0, "wrap": 0])
    }

    @Test(
        "takes another admin's approval where the settings say so",
        .enabled(if: Machine.isRoot, "needs root to be somebody else"))
    func twoPersons() throws {
        let other = 54_321
        let vault = try PeerTests.openVault(arguments: [
            "--set", "two_person=quarantine", "--set", "doors.admin.users=0,\(other)",
        ])
        let id = try vault.store(Sample.jpeg(1))
        _ = try vault.quarantine(id)
        let request = try vault.request("release", id)
        let own = try vault.approve(request)
        #expect(own.status == 403)
        #expect(own.code == "second-person-required")
        #expect(try vault.get(id).code == "quarantined")
        let wrong = String(repeating: "0", count: 64)
        let target = "/v1/approvals/\(request["id"].text ?? "")"
        let mismatch = try PeerTests.ask(
            vault, door: "admin", method: "POST", target: target, body: "{\"digest\":\"\(wrong)\"}",
            uid: other)
        #expect(mismatch.json["code"].text == "approval-mismatch")
        let body = "{\"digest\":\"\(request["digest"].text ?? "")\"}"
        let approved = try PeerTests.ask(
            vault, door: "admin", method: "POST", target: target, body: body, uid: other)
        #expect(approved.status == 200)
        #expect(approved.json["approver"].number == other)
        #expect(approved.json["requester"].number == 0)
        #expect(try vault.get(id).bytes == Bytes(Sample.jpeg(1)))
        let event = try vault.events().last { $0["action"].text == "image.released" }
        #expect(event?["uid"].number == other)
    }

    @Test(
        "stays out of reach when its mark is taken out of the catalog",
        arguments: [
            "UPDATE image SET quarantined = 0",
            "UPDATE image SET quarantined = 0, changed = 1",
            "UPDATE image SET quarantined = quarantined + 1",
        ])
    func lifted(change: String) throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        _ = try vault.quarantine(id)
        try vault.stop()
        try Catalog.change(vault.catalog, change)
        try vault.start()
        #expect(try vault.get(id).code == "row-damaged")
        #expect(try vault.put(Sample.jpeg(1)).code == "row-damaged")
    }

    @Test("comes of a re-inspection under stricter rules, and the next finds nothing more")
    func reinspected() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=100"])
        let small = try vault.store(Sample.jpeg(1))
        let large = try vault.store(Sample.large, name: "large.png")
        try vault.stop()
        try vault.start(arguments: ["--set", "validation.max_pixels=4096"])
        let operation = try vault.finished(try vault.inspect("{\"quarantine\":true}"))
        #expect(operation["found"].number == 1)
        #expect(try vault.get(small).status == 200)
        #expect(try vault.get(large).code == "quarantined")
        let again = try vault.finished(try vault.inspect("{}"))
        #expect(again["total"].number == 1)
        #expect(again["found"].number == 0)
        let below = try vault.finished(try vault.inspect("{\"below\":1}"))
        #expect(below["total"].number == 0)
        let events = try vault.events().filter { $0["action"].text == "image.quarantined" }
        #expect(events.map { $0["image"].text } == [large])
        #expect(events.map { $0["operation"].text } == [operation["id"].text])
    }

    @Test("what is no request about it is refused with its code")
    func refused() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        let none = String(repeating: "0", count: 64)
        func post(_ target: String, _ body: String) throws -> Answer {
            try vault.ask("POST", target, body: Array(body.utf8), door: "admin")
        }
        #expect(try post("/v1/quarantine", "{}").code == "invalid-body")
        #expect(try post("/v1/quarantine", "{\"image\":\"\(none)\"}").code == "unknown-image")
        let action = "{\"action\":\"release\"}"
        #expect(try post("/v1/quarantine/\(id)/requests", action).code == "not-quarantined")
        #expect(try post("/v1/quarantine/\(none)/requests", action).code == "unknown-image")
        #expect(try post("/v1/quarantine/x/requests", action).code == "invalid-id")
        #expect(
            try post("/v1/quarantine/\(id)/requests", "{\"action\":\"keep\"}").code
                == "invalid-body")
        let digest = "{\"digest\":\"\(none)\"}"
        #expect(try post("/v1/approvals/\(none)", digest).code == "unknown-approval")
        #expect(try post("/v1/approvals/x", "{\"digest\":1}").code == "invalid-body")
    }

    @Test("vaultctl puts it there, lists it, asks for its release and approves")
    func command() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        #expect(try vault.vaultctl("quarantine", "add", id).ending == .exited(0))
        let asked = JSON.parse(try vault.vaultctl("quarantine", "release", id, "--json").output)
        let request = try #require(asked["id"].text)
        let listed = try vault.vaultctl("quarantine", "ls").output
        #expect(listed.contains(id))
        #expect(listed.contains(request))
        let digest = try #require(asked["digest"].text)
        let approved = try vault.vaultctl("quarantine", "approve", request, digest)
        #expect(approved.ending == .exited(0), "\(approved.errors)")
        #expect(approved.output.contains("performed"))
        #expect(try vault.get(id).status == 200)
        #expect(
            try vault.vaultctl("quarantine", "approve", request, digest).ending == .exited(1))
    }
}

extension TestVault {
    func quarantine(_ id: String) throws -> Answer {
        try ask(
            "POST", "/v1/quarantine", body: Array("{\"image\":\"\(id)\"}".utf8), door: "admin")
    }

    /// Asks that an image be released or erased.
    func request(_ action: String, _ id: String) throws -> JSON {
        let answer = try ask(
            "POST", "/v1/quarantine/\(id)/requests",
            body: Array("{\"action\":\"\(action)\"}".utf8), door: "admin")
        guard answer.status == 201 else { throw TestFailure("no request: \(answer.summary)") }
        return answer.json
    }

    func approve(_ request: JSON) throws -> Answer {
        try ask(
            "POST", "/v1/approvals/\(request["id"].text ?? "")",
            body: Array("{\"digest\":\"\(request["digest"].text ?? "")\"}".utf8), door: "admin")
    }
}
