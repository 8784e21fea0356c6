// Rotation by vaultctl against a real daemon: what it shows, what it states, and that it can be checked
// with nothing but the public key.

import Foundation
import Testing
import VaultTestKit

@Suite("Rotation of the keys", .vault)
struct RotationTests {
    private static let fast = ["--set", "operations.share=100"]

    @Test("begins, shows its census, ends, and states what vaultverify verifies")
    func command() throws {
        let vault = try TestVault(arguments: Self.fast)
        var stored: [String: [UInt8]] = [:]
        for number in 0..<8 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        let dry = try vault.vaultctl("keys", "rotate", "--dry-run")
        #expect(dry.output.hasPrefix("16 keys to wrap"), "\(dry.errors)")
        let begun = try vault.vaultctl("keys", "rotate", "--wait", "--json")
        #expect(begun.ending == .exited(0), "\(begun.errors)")
        let operation = JSON.parse(begun.output)
        #expect(operation["state"].text == "done")
        #expect(operation["done"].number == 16)
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
        let status = JSON.parse(try vault.vaultctl("keys", "status", "--json").output)
        #expect(status["epochs"].list.map { $0["wraps"].number } == [0, 16])
        #expect(status["epochs"].list.map { $0["state"].text } == ["readable", "primary"])
        #expect(status["operation"] == .null)
        #expect(try vault.vaultctl("keys", "status").output.contains("    2  primary"))

        let id = try #require(operation["id"].text)
        let statement = try vault.vaultctl("keys", "statement", id)
        #expect(statement.ending == .exited(0))
        let file = vault.folder.path("rotation.txt")
        try Disk.write(Array(statement.output.utf8), to: file)
        let verified = try vault.verify("statement", file, "--key", vault.publicKey)
        #expect(verified.ending == .exited(0), "\(verified.errors)")
        #expect(verified.output.contains("keys          16, all under epoch 2"))
        #expect(verified.output.contains("epoch 1"))
        // What a rotation of the log's key prints goes below the line that was there.
        let next = try vault.vaultctl("keys", "rotate-log-key").output
        let keys = vault.folder.path("audit-all.pub")
        try Disk.write(try Disk.read(vault.publicKey) + Array(next.utf8), to: keys)
        #expect(try vault.verify("statement", file, "--key", keys).output == verified.output)
        try Disk.write(Array(next.utf8), to: keys)
        #expect(try vault.verify("statement", file, "--key", keys).ending == .exited(1))
        try Disk.write(
            Array(statement.output.replacing("keys 16\n", with: "keys 17\n").utf8), to: file)
        let changed = try vault.verify("statement", file, "--key", vault.publicKey)
        #expect(changed.ending == .exited(1))
        #expect(changed.errors.contains("signature"))
        let none = try vault.vaultctl("keys", "statement", String(repeating: "0", count: 32))
        #expect(none.ending == .exited(4))
    }

    @Test("an epoch goes when no registered backup needs it, and is gone after a restart too")
    func destroys() throws {
        let vault = try TestVault(arguments: Self.fast)
        let id = try vault.store(Sample.jpeg(1))
        let registered = try vault.vaultctl("backups", "register", "--note", "tape 7", "--json")
        #expect(registered.ending == .exited(0), "\(registered.errors)")
        let backup = try #require(JSON.parse(registered.output)["id"].text)
        #expect(try vault.vaultctl("keys", "destroy-epoch", "1").errors.contains("epoch-in-use"))
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        let refused = try vault.vaultctl("keys", "destroy-epoch", "1")
        #expect(refused.ending == .exited(1))
        #expect(refused.errors.contains(backup) && refused.errors.contains("backup-stranded"))
        #expect(try vault.vaultctl("backups", "expire", backup).output.contains("expired"))
        let gone = try vault.vaultctl("keys", "destroy-epoch", "1")
        #expect(gone.output.contains("epoch 1 is destroyed"), "\(gone.errors)")
        #expect(try vault.get(id).bytes == Bytes(Sample.jpeg(1)))
        try vault.stop()
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(Sample.jpeg(1)))
        let status = try vault.vaultctl("keys", "status")
        #expect(status.output.contains("destroyed"))
    }

    @Test(
        "with two_person another uid carries it out, once",
        .enabled(if: Machine.isRoot, "needs root to be somebody else"))
    func otherPerson() throws {
        let other = 54_321
        let vault = try PeerTests.openVault(
            arguments: Self.fast + [
                "--set", "two_person=destroy-epoch", "--set", "doors.admin.users=0,\(other)",
            ])
        let id = try vault.store(Sample.jpeg(1))
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        let asked = try vault.vaultctl("keys", "destroy-epoch", "1", "--json")
        let approval = JSON.parse(asked.output)["approval"]
        let target = "/v1/keys/destructions/\(try #require(approval["id"].text))"
        let digest = try #require(approval["digest"].text)
        func approve(_ digest: String) throws -> (status: Int, json: JSON) {
            let answer = try PeerTests.ask(
                vault, door: "admin", method: "POST", target: target,
                body: "{\"digest\":\"\(digest)\"}", uid: other)
            return (answer.status, answer.json)
        }
        let wrong = try approve(String(repeating: "0", count: 64))
        #expect(wrong.json["code"].text == "approval-mismatch")
        let done = try approve(digest)
        #expect(done.status == 200, "\(done.json)")
        #expect(try approve(digest).json["code"].text == "approval-used")
        #expect(try vault.vaultctl("keys", "status").output.contains("1  destroyed"))
        #expect(try vault.get(id).bytes == Bytes(Sample.jpeg(1)))
        let doings = try vault.events().filter { $0["uid"].number == other }
        #expect(
            doings.map { [$0["action"], $0["outcome"]].compactMap(\.text).joined(separator: " ") }
                == [
                    "epoch.destroyed refused", "epoch.destroyed done", "epoch.destroyed refused",
                ])
    }

    @Test("re-encryption leaves no blob and no wrap of before, and states that")
    func reencrypts() throws {
        let vault = try TestVault(arguments: Self.fast)
        var stored: [String: [UInt8]] = [:]
        for number in 0..<5 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        let before = Set(vault.blobs)
        let ended = try vault.vaultctl("keys", "reencrypt", "--wait", "--json")
        #expect(ended.ending == .exited(0), "\(ended.errors)")
        let operation = JSON.parse(ended.output)
        #expect(operation["state"].text == "done")
        let after = Set(vault.blobs)
        #expect(after.count == 5 && after.isDisjoint(with: before))
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
        let status = JSON.parse(try vault.vaultctl("keys", "status", "--json").output)
        #expect(status["epochs"].list.map { $0["wraps"].number } == [0, 10])
        let id = try #require(operation["id"].text)
        let file = vault.folder.path("statement.txt")
        try Disk.write(
            Array(try vault.vaultctl("keys", "statement", id).output.utf8), to: file)
        let verified = try vault.verify("statement", file, "--key", vault.publicKey)
        #expect(verified.ending == .exited(0), "\(verified.errors)")
        try vault.stop()
        try vault.start()
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
    }

    @Test("with two_person whoever asked cannot approve it")
    func twoPersons() throws {
        let vault = try TestVault(arguments: Self.fast + ["--set", "two_person=destroy-epoch"])
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        let asked = try vault.vaultctl("keys", "destroy-epoch", "1", "--json")
        let approval = JSON.parse(asked.output)["approval"]
        let request = try #require(approval["id"].text)
        let digest = try #require(approval["digest"].text)
        let own = try vault.vaultctl("keys", "approve", request, digest)
        #expect(own.ending == .exited(5), "\(own.errors)")
        #expect(own.errors.contains("second-person-required"))
        #expect(try vault.vaultctl("keys", "status").output.contains("1  readable"))
        #expect(try vault.vaultctl("keys", "destructions").output.contains("epoch 1"))
    }

    @Test("goes on after a kill, and the keyring opens what it wrapped")
    func killed() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=1"])
        var stored: [String: [UInt8]] = [:]
        for number in 0..<20 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        let begun = try vault.ask("POST", "/v1/keys/rotate", door: "admin")
        #expect(begun.status == 202, "\(begun.summary)")
        try eventually("progress") { (try vault.operation(begun.json)["done"].number ?? 0) > 0 }
        #expect(try vault.operation(begun.json)["state"].text == "running")
        try vault.crash()
        try vault.start(arguments: Self.fast)
        let operation = try vault.finished(begun.json)
        #expect(operation["state"].text == "done")
        #expect(operation["done"].number == 40)
        // It had come to something before the kill, and not to its end.
        let events = try vault.events()
        let start = try #require(events.lastIndex { $0["action"].text == "service.started" })
        let before = events[..<start].map { $0["action"].text }
        #expect(before.contains("operation.advanced") && !before.contains("operation.ended"))
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
        try vault.stop()
        try vault.start()
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
    }
}
