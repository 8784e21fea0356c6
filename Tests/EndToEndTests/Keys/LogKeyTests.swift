// The log's key over the admin socket: rotated while checkpoints are read, and opened by a slot of its own.

import Crypto
import Foundation
import Testing

@Suite("The log's key")
struct LogKeyTests {
    private func checkpoint(_ vault: TestVault) throws -> [UInt8] {
        Array(try vault.ask("GET", "/v1/checkpoint", door: "audit").body)
    }

    @Test("a rotation is told in the log, signed by both, and checkpoints follow it over a restart")
    func rotation() throws {
        let vault = try TestVault()
        let old = try AuditKey(file: vault.publicKey)
        _ = try SignedCheckpoint(try checkpoint(vault), old)
        let answer = try vault.ask("POST", "/v1/keys/rotate-log-key", door: "admin")
        #expect(answer.status == 200 && answer.json["number"].number == 2, "\(answer.summary)")
        let path = vault.folder.path("next.pub")
        try Disk.write(try #require(answer.json["verifier_key"].text) + "\n", to: path)
        let new = try AuditKey(file: path)
        for _ in 1...2 {
            let note = try checkpoint(vault)
            _ = try SignedCheckpoint(note, new)
            #expect(throws: TestFailure.self) { try SignedCheckpoint(note, old) }
            try vault.stop()
            try vault.start()
        }
        let event = try #require(
            try vault.events().first { $0["action"].text == "log-key.rotated" })
        let note = try #require(event["note"].text)
        let (text, lines) = try #require(split(note))
        for (line, key) in zip(lines, [old, new]) {
            let encoded = try #require(line.split(separator: " ").last)
            let bytes = try #require(Data(base64Encoded: String(encoded)))
            #expect(Array(bytes.prefix(4)) == key.keyID)
            #expect(key.publicKey.isValidSignature(bytes.dropFirst(4), for: Data(text.utf8)))
        }
    }

    private func split(_ note: String) -> (text: String, lines: [Substring])? {
        guard let middle = note.range(of: "\n\n") else { return nil }
        return (
            note[..<middle.lowerBound] + "\n",
            note[middle.upperBound...].split(separator: "\n")
        )
    }

    @Test(
        "without its key file the log's key opens by a passphrase, and the keyring's secrets do not open it"
    )
    func passphrase() throws {
        let vault = try TestVault()
        let secret = vault.folder.path("spoken")
        try Disk.write("a passphrase of the auditors\n", to: secret)
        let added = try vault.vaultctl(
            "slots", "add", "--log-key", "--label", "auditors", "--secret-file", secret)
        #expect(added.ending == .exited(0), "\(added.errors)")
        #expect(added.output.hasPrefix("log-key generation 2"))
        try vault.stop()
        try Disk.remove(vault.logKey)
        try vault.start()
        #expect(try vault.ask("GET", "/v1/checkpoint", door: "audit").code == "sealed")
        let rotate = try vault.vaultctl("keys", "rotate-log-key")
        #expect(rotate.ending != .exited(0) && rotate.errors.contains("log-key-sealed"))
        let root = try vault.vaultctl("unseal", "--log-key", "--secret-file", vault.rootKey)
        #expect(root.ending != .exited(0) && root.errors.contains("wrong-secret"))
        let opened = try vault.vaultctl("unseal", "--log-key", "--secret-file", secret)
        #expect(opened.ending == .exited(0), "\(opened.errors)")
        _ = try SignedCheckpoint(try checkpoint(vault), AuditKey(file: vault.publicKey))
        let words = try vault.events().filter { $0["key_file"].text == "log-key" }
        #expect(
            words.map { $0["action"].text } == ["slot.added", "vault.unsealed"])
    }
}
