// Slots over the admin socket and by vaultctl: what they open before and after, and over restarts.

import Foundation
import Testing

@Suite("Slots")
struct SlotTests {
    private static let passphrase = "battery staple horse"

    private static func slots(_ answer: Answer) -> [String: JSON] {
        Dictionary(
            answer.json["slots"].list.map { ($0["label"].text ?? "", $0) },
            uniquingKeysWith: { $1 })
    }

    private static func admin(
        _ vault: TestVault, _ method: String, _ path: String, body: String? = nil
    ) throws -> Answer {
        try vault.ask(method, path, body: body.map { Array($0.utf8) }, door: "admin")
    }

    @Test("a slot that is asked for twice under one key is added once, and told of twice")
    func once() throws {
        let vault = try TestVault()
        func add(_ label: String, _ secret: String) throws -> Answer {
            try vault.ask(
                "POST", "/v1/slots?label=\(label)", ["Idempotency-Key: \"again\""],
                body: Array(secret.utf8), door: "admin")
        }
        let first = try add("spoken", Self.passphrase)
        #expect(first.status == 201, "\(first.summary)")
        let again = try add("spoken", Self.passphrase)
        #expect(again.status == 201)
        #expect(again.bytes == first.bytes)
        let other = try add("other", Self.passphrase)
        #expect(other.code == "idempotency-key-reused" && other.status == 422)
        let listed = try Self.admin(vault, "GET", "/v1/slots").json
        #expect(listed["slots"].list.count == 2)
        let refusals = try vault.events().filter { $0["outcome"].text == "refused" }
        #expect(refusals.map { $0["code"].text } == ["idempotency-key-reused"])
    }

    @Test("one way in takes the other's place: the removed secret opens no keyring from then on")
    func exchange() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        let oldKeyring = try Disk.read("\(vault.state)/keyring")
        let added = try Self.admin(
            vault, "POST", "/v1/slots?label=spoken", body: Self.passphrase)
        #expect(added.status == 201, "\(added.summary)")
        let slots = Self.slots(added)
        let disk = try #require(slots["key-file"]?["id"].text)
        let spoken = try #require(slots["spoken"]?["id"].text)
        #expect(added.json["added"].text == spoken)
        #expect(slots["spoken"]?["proved"] == .null)
        let early = try Self.admin(vault, "DELETE", "/v1/slots/\(disk)")
        #expect(early.code == "last-proved-slot" && early.status == 409)
        let wrong = try Self.admin(vault, "POST", "/v1/slots/\(spoken)/proof", body: "not it, no")
        #expect(wrong.code == "wrong-secret")
        let proof = try Self.admin(
            vault, "POST", "/v1/slots/\(spoken)/proof", body: Self.passphrase)
        let proved = Self.slots(proof)["spoken"]?["proved"]
        #expect(proved?.text != nil, "\(proof.summary)")
        let removed = try Self.admin(vault, "DELETE", "/v1/slots/\(disk)")
        #expect(removed.status == 200 && Set(Self.slots(removed).keys) == ["spoken"])
        #expect(removed.json["generation"].number == 3)
        #expect(try vault.get(id).bytes == Bytes(image))
        try vault.stop()
        try vault.start()
        #expect(vault.journal.contains("reason=wrong-key"))
        #expect(try vault.unseal(Disk.read(vault.rootKey)).code == "wrong-secret")
        #expect(try vault.unseal(Self.passphrase).status == 200)
        #expect(try vault.get(id).bytes == Bytes(image))
        // What the words say: an old copy of the keyring still opens with the old secret.
        try vault.stop()
        try Disk.write(oldKeyring, to: "\(vault.state)/keyring")
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image))
        let words = try vault.events().map { event in
            [event["action"], event["outcome"], event["code"]].compactMap(\.text)
                .joined(separator: " ")
        }.filter { $0.hasPrefix("slot") }
        #expect(
            words == [
                "slot.added done", "slot.removed refused last-proved-slot",
                "slot.proved refused wrong-secret", "slot.proved done", "slot.removed done",
                "slot.proved done",
            ])
    }

    @Test("the date of a proof is in status, and stays over a restart and a new root")
    func proofs() throws {
        let vault = try TestVault()
        let list = try Self.admin(vault, "GET", "/v1/slots")
        let slot = try #require(Self.slots(list)["key-file"]?["id"].text)
        let key = String(decoding: try Disk.read(vault.rootKey), as: UTF8.self)
        let proved = try Self.admin(vault, "POST", "/v1/slots/\(slot)/proof", body: key)
        let date = try #require(Self.slots(proved)["key-file"]?["proved"].text)
        let rotated = try Self.admin(vault, "POST", "/v1/keys/rotate-root")
        #expect(rotated.json["generation"].number == 2)
        try vault.stop()
        try vault.start()
        let status = try Self.admin(vault, "GET", "/v1/status").json["keys"]
        #expect(status["generation"].number == 2)
        #expect(status["slots"].list.map { $0["proved"].text } == [date])
    }

    @Test("what is not a slot is told so, and no label is made up")
    func refusals() throws {
        let vault = try TestVault()
        let nowhere = String(repeating: "0", count: 32)
        let asked: [(String, String, String?, String)] = [
            ("DELETE", "/v1/slots/\(nowhere)", nil, "unknown-slot"),
            ("DELETE", "/v1/slots/zz", nil, "unknown-slot"),
            ("POST", "/v1/slots/\(nowhere)/proof", "x", "unknown-slot"),
            ("POST", "/v1/slots", "a passphrase", "invalid-parameter"),
            ("POST", "/v1/slots?label=a%20b", "a passphrase", "invalid-parameter"),
            ("POST", "/v1/slots?label=a&name=b", "a passphrase", "unknown-parameter"),
            ("POST", "/v1/slots?label=a", "short", "malformed-secret"),
            ("POST", "/v1/slots?label=a", "", "empty-body"),
            ("GET", "/v1/slots?label=a", nil, "unknown-parameter"),
        ]
        for (method, path, body, code) in asked {
            let answer = try Self.admin(vault, method, path, body: body)
            #expect(answer.code == code, "\(method) \(path): \(answer.summary)")
        }
        #expect(try Self.admin(vault, "GET", "/v1/slots").json["generation"].number == 1)
        for door in ["images", "audit"] {
            #expect(try vault.ask("GET", "/v1/slots", door: door).code == "unknown-route")
        }
    }

    @Test("a key file that was made for it opens another slot, and is never overwritten")
    func newKeyFile() throws {
        let vault = try TestVault()
        let path = vault.folder.path("second.key")
        let made = try run(Machine.program("vaultd"), ["new-key-file", path])
        #expect(made.ending == .exited(0), "\(made.errors)")
        #expect(try Disk.mode(path) == 0o600)
        let line = String(decoding: try Disk.read(path), as: UTF8.self)
        let again = try run(Machine.program("vaultd"), ["new-key-file", path])
        #expect(again.ending != .exited(0) && again.errors.contains("already"))
        #expect(try Disk.read(path) == Array(line.utf8))
        let added = try Self.admin(vault, "POST", "/v1/slots?label=second", body: line)
        #expect(added.status == 201, "\(added.summary)")
        try vault.stop()
        try Disk.remove(vault.rootKey)
        try vault.start()
        #expect(try vault.unseal(line).json["slot"] == added.json["added"])
    }

    @Test("vaultctl lists, adds, proves and removes, and rotates the root")
    func command() throws {
        let vault = try TestVault()
        let spoken = vault.folder.path("spoken")
        try Disk.write(Self.passphrase + "\n", to: spoken)
        let added = try vault.vaultctl(
            "slots", "add", "--label", "spoken", "--secret-file", spoken, "--json")
        #expect(added.ending == .exited(0), "\(added.errors)")
        let id = try #require(JSON.parse(added.output)["added"].text)
        let proved = try vault.vaultctl("slots", "prove", id, "--secret-file", spoken)
        #expect(proved.ending == .exited(0), "\(proved.errors)")
        let listed = try vault.vaultctl("slots", "list")
        let lines = listed.output.split(separator: "\n")
        #expect(lines.contains { $0.contains("key-file") && $0.contains("never") })
        #expect(lines.contains { $0.hasPrefix(id) && !$0.contains("never") })
        #expect(try vault.vaultctl("keys", "rotate-root").output.hasPrefix("keyring generation 3"))
        let last = try vault.vaultctl("slots", "remove", id)
        #expect(last.ending == .exited(1) && last.errors.contains("last-proved-slot"))
        #expect(try vault.vaultctl("status").output.contains("PROVED"))
    }
}
