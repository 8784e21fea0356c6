// A store that is put back, forked or replaced while the anchor outside of it is not: it is not served, and the
// refusal says why.

import Foundation
import Testing

@Suite("An anchor")
struct AnchorTests {
    @Test("of a vault that ran, crashed or was stopped lets it start again")
    func intact() throws {
        let (vault, anchor) = try Self.anchored()
        _ = try vault.store(Sample.jpeg(1))
        try Self.settle(vault, anchor)
        try vault.crash()
        try vault.start()
        _ = try vault.store(Sample.jpeg(2))
        // Between the event and the anchor: it is behind then, and never ahead.
        try vault.crash()
        try vault.start()
        #expect(try vault.stop() == .exited(0))
        let log = try Catalog.root(vault.catalog, size: Self.size(anchor))
        #expect(try Self.size(anchor) == log.events)
        #expect(try Self.word("log", anchor, 1) == Data(log.root).base64EncodedString())
        try vault.start()
        #expect(!vault.journal.contains("no anchor"))
    }

    @Test("refuses an older copy that was put back, by name, until an admin means it")
    func rolledBack() throws {
        let (vault, anchor) = try Self.anchored()
        _ = try vault.store(Sample.jpeg(1))
        try vault.stop()
        try Self.copy(vault.state, to: vault.folder.path("older"))
        try vault.start()
        _ = try vault.store(Sample.jpeg(2))
        try vault.stop()
        let newest = try Self.size(anchor)
        try Self.replace(vault.state, with: vault.folder.path("older"))
        let older = try Catalog.root(vault.catalog, size: 0).events
        let refusal = try vault.refusalToStart()
        for words in [
            "rolled-back: the log has \(older) events, and had \(newest)", vault.state,
            "--accept-rollback \(older)",
        ] {
            #expect(refusal.contains(words), "\(words): \(refusal)")
        }
        // A number that is not the store's means another store.
        #expect(
            try vault.refusalToStart(arguments: ["--accept-rollback", "\(older + 1)"])
                .contains("rolled-back"))
        try vault.start(arguments: ["--accept-rollback", "\(older)"])
        let accepted = try #require(
            vault.events().last { $0["action"].text == "rollback.accepted" })
        #expect(accepted["index"].number == older)
        #expect(accepted["code"].text == "rolled-back")
        #expect(accepted["statement"].text?.count == 64)
        try vault.stop()
        try vault.start()
    }

    @Test("refuses a copy that went on by itself, however long its log is")
    func forked() throws {
        let (vault, anchor) = try Self.anchored()
        try vault.stop()
        try Self.copy(vault.state, to: vault.folder.path("older"))
        try vault.start()
        _ = try vault.store(Sample.jpeg(1))
        try vault.stop()
        let newest = try Disk.read(anchor)
        try Self.replace(vault.state, with: vault.folder.path("older"))
        // It goes on where nobody sees it.
        try Disk.remove(anchor)
        try vault.start()
        #expect(vault.journal.contains("there is no anchor"))
        for seed in 2..<6 { _ = try vault.store(Sample.jpeg(seed)) }
        try vault.stop()
        try Disk.write(newest, to: anchor)
        let refusal = try vault.refusalToStart()
        #expect(refusal.contains("rolled-back: the log has other events"), "\(refusal)")
    }

    @Test("refuses an older keyring, and one that was put in the place of the same generation")
    func keyring() throws {
        let (vault, _) = try Self.anchored()
        let keyring = "\(vault.state)/keyring"
        let older = try Disk.read(keyring)
        let rotated = try vault.ask("POST", "/v1/keys/rotate-root", door: "admin")
        #expect(rotated.status == 200, "\(rotated.summary)")
        try vault.stop()
        let newest = try Disk.read(keyring)
        try Disk.write(older, to: keyring)
        let refusal = try vault.refusalToStart()
        #expect(refusal.contains("rolled-back: the keyring is of generation 1"), "\(refusal)")
        var other = newest
        other[other.count - 1] ^= 1
        try Disk.write(other, to: keyring)
        #expect(try vault.refusalToStart().contains("rolled-back: the keyring of generation 2"))
        try Disk.write(newest, to: keyring)
        try vault.start()
    }

    @Test("of another vault, wrongly signed, cut or unreadable serves nobody")
    func refused() throws {
        let (vault, anchor) = try Self.anchored()
        let (other, otherAnchor) = try Self.anchored()
        try vault.stop()
        try other.stop()
        let note = try Disk.read(anchor)
        let text = String(decoding: note, as: UTF8.self)
        let forged = text.replacing("generation 1", with: "generation 9")
        for (bytes, words) in [
            (try Disk.read(otherAnchor), "another vault's"), (Array(forged.utf8), "signed it"),
            (Array(note.dropLast()), "not in its form"), ([0xFF], "no text"),
            ([], "not in its form"),
        ] {
            try Disk.write(bytes, to: anchor)
            let refusal = try vault.refusalToStart()
            #expect(refusal.contains("anchor-refused"), "\(refusal)")
            #expect(refusal.contains(words), "\(refusal)")
        }
        try Disk.remove(anchor)
        try FileManager.default.createSymbolicLink(
            atPath: anchor, withDestinationPath: otherAnchor)
        #expect(try vault.refusalToStart().contains("anchor-refused"))
        try Disk.remove(anchor)
        try Disk.write(note, to: anchor)
        try vault.start()
    }

    @Test("can be checked without the vault, and holds for its own key only")
    func verified() throws {
        let (vault, anchor) = try Self.anchored()
        _ = try vault.store(Sample.jpeg(1))
        try vault.stop()
        let told = try vault.verify("anchor", anchor, "--key", vault.publicKey)
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(try told.output.contains("\(Self.size(anchor)) events"))
        let other = try TestVault(starting: false)
        let refused = try vault.verify("anchor", anchor, "--key", other.publicKey)
        #expect(refused.ending == .exited(1))
    }

    @Test("follows another key of the log, and a start knows that key")
    func logKey() throws {
        let (vault, anchor) = try Self.anchored()
        let rotated = try vault.ask("POST", "/v1/keys/rotate-log-key", door: "admin")
        let line = try #require(rotated.json["verifier_key"].text, "\(rotated.summary)")
        try eventually("the key's line") {
            String(decoding: try Disk.read(vault.publicKey), as: UTF8.self).contains(line)
        }
        try Self.settle(vault, anchor)
        try vault.crash()
        try Disk.remove(vault.logKey)
        // No key of the log is open: the anchor is checked all the same, and none is made.
        try vault.start()
        try eventually("the state of the anchor") {
            try vault.ask("GET", "/v1/status", door: "admin").json["anchors"].list.first?["state"]
                .text == "log-key-sealed"
        }
        #expect(try vault.vaultctl("status").output.contains("LOG-KEY-SEALED"))
    }

    @Test("that cannot be kept is told, and stops nothing; it comes back by itself")
    func failing() throws {
        let folder = try TestFolder()
        let place = folder.path("elsewhere")
        let vault = try TestVault(
            settings: "audit:\n  anchor_file: \"\(place)/anchor\"\n", in: folder)
        _ = try vault.store(Sample.jpeg(1))
        func page(_ name: String) throws -> Double? {
            try vault.metrics()["imagevault_anchor_\(name){place=\"file\"}"]
        }
        try eventually("the failure") { try page("failures_total") ?? 0 >= 1 }
        #expect(try page("current") == 0 && page("timestamp_seconds") == 0)
        #expect(vault.journal.contains("the anchor is not kept"))
        #expect(try vault.vaultctl("status").output.contains("FAILED"))
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: false)
        try eventually("the anchor") { try page("current") == 1 }
        #expect((try page("timestamp_seconds") ?? 0) > 0)
        #expect(
            try vault.verify("anchor", "\(place)/anchor", "--key", vault.publicKey).ending
                == .exited(0))
    }

    @Test("goes to a command's standard input, without a shell, and with nothing of the daemon's")
    func command() throws {
        let folder = try TestFolder()
        let script = folder.path("take")
        let words = """
            #!/bin/sh
            cat > "$1.new"; mv "$1.new" "$1"
            env | grep -v -E '^(PATH|PWD|SHLVL|_)=' > "$2"
            ls /proc/self/fd > "$3"

            """
        try Disk.write(words, to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
        let taken = ["note; true", "variables", "descriptors"].map { folder.path($0) }
        let list = ([script] + taken).map { "\"\($0)\"" }.joined(separator: ", ")
        let vault = try TestVault(
            settings: "audit:\n  anchor_command: [\(list)]\n", environment: ["SECRET": "1"],
            in: folder)
        _ = try vault.store(Sample.jpeg(1))
        try vault.stop()
        let told = try vault.verify("anchor", taken[0], "--key", vault.publicKey)
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(
            try Catalog.root(vault.catalog, size: 0).events == Self.size(taken[0]),
            "the last one has all events")
        #expect(try Disk.read(taken[1]).isEmpty)
        let descriptors = String(decoding: try Disk.read(taken[2]), as: UTF8.self)
        // Its own three, and the one that ls looks through.
        #expect(descriptors.split(separator: "\n").count == 4, "\(descriptors)")
    }

    @Test("is never made of a keyring that was put in the place of the one in use")
    func exchanged() throws {
        let (vault, anchor) = try Self.anchored()
        let keyring = "\(vault.state)/keyring"
        let older = try Disk.read(keyring)
        #expect(try vault.ask("POST", "/v1/keys/rotate-root", door: "admin").status == 200)
        try Self.settle(vault, anchor)
        let newest = try Disk.read(keyring)
        var flipped = newest
        flipped[flipped.count - 1] ^= 1
        for (number, other) in [older, flipped].enumerated() {
            let before = try Disk.read(anchor)
            try Disk.write(other, to: keyring)
            _ = try vault.store(Sample.jpeg(number + 5))
            try eventually("two looks of the keeper") {
                try vault.ask("GET", "/v1/status", door: "admin").json["anchors"].list
                    .contains { $0["state"].text == "late" }
            }
            #expect(try Disk.read(anchor) == before)
            try Disk.write(newest, to: keyring)
            try Self.settle(vault, anchor)
        }
        #expect(try Self.word("generation", anchor, 0) == "2")
    }

    @Test("is not gone behind by an older keyring that is put back while the vault starts sealed")
    func exchangedSealed() throws {
        let (vault, anchor) = try Self.anchored()
        let keyring = "\(vault.state)/keyring"
        let older = try Disk.read(keyring)
        #expect(try vault.ask("POST", "/v1/keys/rotate-root", door: "admin").status == 200)
        try Self.settle(vault, anchor)
        let newest = try Disk.read(keyring)
        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        try vault.stop()
        let before = try Self.word("generation", anchor, 0)
        try vault.start()
        try Disk.write(older, to: keyring)
        let secret = try Disk.read(vault.rootKey)
        #expect(try vault.unseal(secret).code == "keyring-refused")
        #expect(try Self.word("generation", anchor, 0) == before && before == "2")
        try Disk.write(newest, to: keyring)
        #expect(try vault.unseal(secret).status == 200)
    }

    @Test("inside the state directory, or a command by name only, is refused as a setting")
    func settings() throws {
        for (setting, words) in [
            ("anchor_file: \"STATE/anchor\"", "outside"),
            ("anchor_file: \"STATE/../state/anchor\"", "outside"),
            ("anchor_file: \"PUBLIC\"", "the same file"),
            ("anchor_file: anchor", "absolute"), ("anchor_command: [cat]", "absolute"),
        ] {
            let vault = try TestVault(starting: false)
            let said = setting.replacing("STATE", with: vault.state)
                .replacing("PUBLIC", with: vault.publicKey)
            let more = "\naudit:\n  \(said)\n"
            let text = String(decoding: try Disk.read(vault.configuration), as: UTF8.self)
            try Disk.write(text + more, to: vault.configuration)
            #expect(try vault.refusalToStart().contains(words))
        }
    }

    // MARK: Places

    private static func anchored() throws -> (TestVault, anchor: String) {
        let folder = try TestFolder()
        let anchor = folder.path("anchor")
        let vault = try TestVault(settings: "audit:\n  anchor_file: \"\(anchor)\"\n", in: folder)
        try eventually("the first anchor") { Disk.exists(anchor) }
        #expect(!vault.journal.contains("no anchor"))
        return (vault, anchor)
    }

    /// Waits until the anchor has all that the log has.
    static func settle(_ vault: TestVault, _ anchor: String) throws {
        let size = try Catalog.root(vault.catalog, size: 0).events
        try eventually("the newest anchor") { try self.size(anchor) >= size }
    }

    private static func word(_ field: String, _ anchor: String, _ place: Int) throws -> String {
        let text = String(decoding: try Disk.read(anchor), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(field + " ") })
        return String(line.split(separator: " ")[place + 1])
    }

    private static func size(_ anchor: String) throws -> Int {
        try #require(Int(word("log", anchor, 0)))
    }

    private static func copy(_ from: String, to: String) throws {
        let copied = try run("cp", ["-a", from, to])
        guard copied.ending == .exited(0) else { throw TestFailure("cp: \(copied.errors)") }
    }

    private static func replace(_ path: String, with other: String) throws {
        try Disk.remove(path)
        try copy(other, to: path)
    }
}
