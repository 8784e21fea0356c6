// Receipts of erasures, by the real programs: they rise by themselves, and hold without the vault.

import Foundation
import Testing
import VaultTestKit

@Suite("Receipts of erasures", .vault)
struct ReceiptTests {
    private static let fast = ["--set", "operations.share=100"]

    @Test("a deletion's receipt rises to level 1 by itself, and stands when the vault comes back")
    func rises() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        let dropped = try vault.delete(id)
        #expect(dropped.status == 200, "\(dropped.summary)")
        let receipt = try #require(dropped.json["receipt"].text)
        let purged = try vault.receipt(receipt, at: 1)
        #expect(purged["erased"].text == "image")
        #expect(purged["image"].text == id)
        #expect(purged["claims"].number == 1 && purged["images"].number == 1)
        #expect(purged["level"].number == 1)
        #expect(purged["waits"].list.map { $0["for"].text } == ["epoch"])
        #expect(purged["waits"].list.first?["epoch"].number == 1)
        #expect(purged["excludes"].list.contains(.text("unregistered-copies")))
        try vault.stop()
        try vault.start()
        for door in ["images", "admin", "audit"] {
            let answer = try vault.ask("GET", "/v1/receipts/\(receipt)", door: door)
            #expect(answer.json["level"].number == 1, "\(door): \(answer.summary)")
            let list = try vault.ask("GET", "/v1/receipts?limit=1", door: door).json["receipts"]
            #expect(list.list.map { $0["id"].text } == [receipt])
            #expect(list.list.first?["note"] == .null)
        }
        let events = try vault.events()
        let deletion = events.first { $0["action"].text == "image.delete" }
        #expect(deletion?["receipt"].text == receipt)
        #expect(events.contains { $0["action"].text == "erasure.purged" })
        let reading = events.last { $0["level"].number != nil }
        #expect(reading?["receipt"].text == receipt && reading?["statement"].text != nil)
    }

    @Test("vaultverify says what a receipt states, and takes no other text for it")
    func verified() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        let removed = try vault.vaultctl("rm", id, door: "images")
        #expect(removed.output.contains("the image is erased  receipt "), "\(removed.errors)")
        let receipt = String(try #require(removed.output.split(separator: " ").last).dropLast())
        try vault.receipt(receipt, at: 1)
        let file = vault.folder.path("receipt.txt")
        let shown = try vault.vaultctl("receipt", "show", receipt, "--output", file)
        #expect(shown.ending == .exited(0), "\(shown.errors)")
        #expect(shown.output.contains("level 2  epoch 1"))
        #expect(shown.output.contains("vaultctl keys destroy-epoch 1"))
        let verified = try vault.verify("receipt", file, "--key", vault.publicKey)
        #expect(verified.ending == .exited(0), "\(verified.errors)")
        for words in [
            "level         1: ", "waits for     the end of epoch 1, below level 2",
            "not claimed   unregistered-copies", "image         \(id)",
        ] { #expect(verified.output.contains(words), "\(words)") }

        let note = String(decoding: try Disk.read(file), as: UTF8.self)
        let damaged = [
            note.replacing("level 1\n", with: "level 3\n"),
            note.replacing("waits epoch 1\n", with: ""),
            note.replacing("images 1\n", with: "images 2\n"), String(note.dropLast(9)),
            String(note.prefix { $0 != "\u{2014}" }),
        ]
        for text in damaged {
            #expect(text != note)
            try Disk.write(Array(text.utf8), to: file)
            let refused = try vault.verify("receipt", file, "--key", vault.publicKey)
            #expect(refused.ending == .exited(1), "\(refused.output)")
        }
        // What the same key signed about something else is no receipt.
        let checkpoint = try vault.ask("GET", "/v1/checkpoint", door: "audit")
        try Disk.write(checkpoint.body, to: file)
        #expect(try vault.verify("receipt", file, "--key", vault.publicKey).ending == .exited(1))
        let other = try TestVault()
        try Disk.write(Array(note.utf8), to: file)
        #expect(try vault.verify("receipt", file, "--key", other.publicKey).ending == .exited(1))
    }

    @Test("a receipt rises to level 3 when its epoch is gone and nobody holds a copy")
    func levelThree() throws {
        let vault = try TestVault(arguments: Self.fast)
        let kept = try vault.store(Sample.jpeg(1))
        let gone = try vault.store(Sample.jpeg(2))
        let receipt = try #require(try vault.delete(gone).json["receipt"].text)
        try vault.receipt(receipt, at: 1)
        let below = try vault.vaultctl("receipt", "ls", "--below", "2")
        #expect(below.output.contains(receipt) && below.output.contains("epoch 1"))
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        try vault.receipt(receipt, at: 1)
        #expect(try vault.vaultctl("keys", "destroy-epoch", "1").ending == .exited(0))
        let last = try vault.receipt(receipt, at: 3)
        #expect(last["waits"].list.isEmpty)
        #expect(try vault.vaultctl("receipt", "ls", "--below", "3").output.isEmpty)
        #expect(try vault.get(kept).bytes == Bytes(Sample.jpeg(1)))
    }

    @Test("an owner's erasure takes all that is theirs, in one receipt, and nothing of another's")
    func owner() throws {
        let vault = try TestVault(arguments: Self.fast)
        var own: [String] = []
        for number in 0..<5 {
            own.append(try vault.store(Sample.jpeg(number), ["Vault-Owner: ada"]))
        }
        #expect(try vault.store(Sample.jpeg(0), ["Vault-Owner: bob"]) == own[0])
        let erased = try vault.vaultctl("erase", "--owner", "ada", "--wait", door: "images")
        #expect(erased.ending == .exited(0), "\(erased.errors)")
        #expect(erased.output.contains("5 claims, 4 images"), "\(erased.output)")
        let receipt = String(erased.output.prefix(32))
        let stated = try vault.receipt(receipt, at: 1)
        #expect(stated["erased"].text == "claims")
        #expect(stated["operation"].text?.count == 32)
        #expect(try vault.get(own[0], ["Vault-Owner: ada"]).code == "unknown-image")
        #expect(try vault.get(own[0], ["Vault-Owner: bob"]).bytes == Bytes(Sample.jpeg(0)))
        for id in own.dropFirst() { #expect(try vault.get(id).code == "unknown-image") }
        #expect(vault.blobs.count == 1)
        let listed = try vault.vaultctl("ls", "--owner", "ada", door: "images")
        #expect(listed.output.isEmpty)
    }

    @Test("an erasure names whose images it takes, and begins once under one key")
    func asked() throws {
        let vault = try TestVault(arguments: Self.fast)
        _ = try vault.store(Sample.jpeg(1), ["Vault-Job: job_7"])
        #expect(try vault.ask("DELETE", "/v1/images").code == "invalid-parameter")
        #expect(try vault.ask("DELETE", "/v1/images?name=x").code == "unknown-parameter")
        #expect(
            try vault.ask("DELETE", "/v1/images?job=job_7", ["Origin: http://x"]).code
                == "cross-site")
        let key = ["Idempotency-Key: \"erase-7\""]
        let begun = try vault.ask("DELETE", "/v1/images?job=job_7", key)
        #expect(begun.status == 202, "\(begun.summary)")
        #expect(begun.json["operation"]["kind"].text == "erase")
        #expect(begun.json["operation"]["total"].number == 1)
        let again = try vault.ask("DELETE", "/v1/images?job=job_7", key)
        #expect(again.bytes == begun.bytes)
        #expect(
            try vault.ask("DELETE", "/v1/images?job=job_8", key).code == "idempotency-key-reused")
        let receipt = try #require(begun.json["receipt"].text)
        #expect(try vault.receipt(receipt, at: 1)["claims"].number == 1)
        let none = try vault.ask("DELETE", "/v1/images?job=job_9").json
        let nothing = try vault.receipt(try #require(none["receipt"].text), at: 3)
        #expect(nothing["claims"].number == 0 && nothing["event"] == .null)
        #expect(
            try vault.vaultctl("erase", "--wait", door: "images").ending == .exited(64))
    }

    @Test("a receipt that is not there is unknown, whatever its id looks like")
    func unknown() throws {
        let vault = try sharedVault()
        for id in ["x", String(repeating: "0", count: 32)] {
            for door in ["images", "admin", "audit"] {
                let answer = try vault.ask("GET", "/v1/receipts/\(id)", door: door)
                #expect(answer.status == 404 && answer.code == "unknown-receipt")
            }
        }
        let shown = try vault.vaultctl("receipt", "show", String(repeating: "0", count: 32))
        #expect(shown.ending == .exited(4))
    }

    @Test("an approved erasure of a quarantined image has a receipt")
    func quarantine() throws {
        let vault = try TestVault()
        let id = try vault.store(Sample.jpeg(1))
        #expect(try vault.vaultctl("quarantine", "add", id).ending == .exited(0))
        let request = try vault.vaultctlJSON(["quarantine", "erase", id])
        #expect(request["receipt"] == .null)
        let approved = try vault.vaultctlJSON([
            "quarantine", "approve", try #require(request["id"].text),
            try #require(request["digest"].text),
        ])
        let receipt = try #require(approved["receipt"].text)
        #expect(try vault.receipt(receipt, at: 1)["erased"].text == "quarantine")
    }
}

extension TestVault {
    /// The receipt as soon as it has risen that far.
    @discardableResult
    func receipt(_ id: String, at level: Int, door: String = "images") throws -> JSON {
        try eventually("receipt \(id) at level \(level)") {
            let answer = try ask("GET", "/v1/receipts/\(id)", door: door)
            guard answer.status == 200 else { throw TestFailure(answer.summary) }
            return answer.json["level"].number == level ? answer.json : nil
        }
    }
}
