// Ways in that are kept elsewhere: a recovery key on paper, and shares in several hands. Everything by the
// programs, as its users have them.

import Foundation
import Testing

@Suite("Recovery keys and shares")
struct RecoveryTests {
    private static func vaultd(_ arguments: [String]) throws -> String {
        let (ending, output, errors) = try run(Machine.program("vaultd"), arguments)
        guard ending == .exited(0) else { throw TestFailure("vaultd: \(errors)") }
        return output
    }

    /// What `recovery new` printed behind a name at the start of a line.
    private static func value(_ name: String, in output: String) throws -> String {
        let line = output.split(separator: "\n").first { $0.hasPrefix(name) }
        return try #require(line).dropFirst(name.count).trimmingCharacters(in: .whitespaces)
    }

    /// Answers the newest challenge with the key in a file.
    private static func answer(
        _ vault: TestVault, slot: String, _ key: String
    ) throws -> (answer: String, words: String) {
        let challenge = try vault.vaultctlJSON(["slots", "challenge", slot])
        let (ending, output, errors) = try run(
            Machine.program("vaultd"),
            ["recovery", "answer", try #require(challenge["challenge"].text), "--key-file", key])
        #expect(ending == .exited(0), "\(errors)")
        let words = try #require(challenge["words"].text)
        #expect(errors.contains(words), "the holder sees the words that the admin sees")
        return (output.trimmingCharacters(in: .newlines), words)
    }

    @Test("a key that was made offline proves its slot, and opens the vault when all else is lost")
    func recovery() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        let made = try Self.vaultd(["recovery", "new", "--no-terminal", "--no-qr"])
        let key = vault.folder.path("paper")
        // As it was copied, with its spaces.
        try Disk.write(
            try #require(made.firstMatch(of: /imagevault-recovery-1:[ 0-9a-f]+/)).output + "\n",
            to: key)
        let recipient = try Self.value("recipient", in: made)
        let words = try Self.value("check words", in: made)
        #expect(try Self.vaultd(["recovery", "check", "--key-file", key]).contains(words))
        let added = try vault.vaultctlJSON(
            ["slots", "add", "--label", "bank", "--recipient", recipient])
        let slot = try #require(added["added"].text)
        let listed = added["slots"].list.first { $0["id"].text == slot }
        #expect(listed?["detail"].text == words && listed?["kind"].text == "recovery-recipient")
        let first = try Self.answer(vault, slot: slot, key)
        let answerFile = vault.folder.path("answer")
        try Disk.write(first.answer, to: answerFile)
        let proved = try vault.vaultctlJSON(
            ["slots", "prove", slot, "--secret-file", answerFile])
        #expect(proved["slots"].list.first { $0["id"].text == slot }?["proved"].text != nil)
        // The other way in is removed, and what it was is lost.
        let disk = try #require(proved["slots"].list.first { $0["kind"].text == "key-file" })
        _ = try vault.vaultctlJSON(["slots", "remove", try #require(disk["id"].text)])
        try vault.stop()
        try Disk.remove(vault.rootKey)
        try vault.start()
        #expect(try vault.get(id).code == "sealed")
        #expect(try vault.unseal(first.answer).code == "no-challenge")
        let second = try Self.answer(vault, slot: slot, key)
        #expect(second.words != first.words)
        #expect(try vault.unseal(second.answer).json["slot"].text == slot)
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test(
        "the private half reaches no vault: vaultctl does not send it, and vaultd does not take it")
    func neverSent() throws {
        let vault = try TestVault()
        let made = try Self.vaultd(["recovery", "new", "--no-terminal", "--no-qr"])
        let line = String(
            try #require(made.firstMatch(of: /imagevault-recovery-1:[ 0-9a-f]+/)).output)
        let key = vault.folder.path("paper")
        try Disk.write(line, to: key)
        let nowhere = String(repeating: "0", count: 32)
        for arguments in [
            ["slots", "add", "--label", "a"], ["slots", "prove", nowhere], ["unseal"],
        ] {
            let (ending, _, errors) = try vault.vaultctl(arguments + ["--secret-file", key])
            #expect(ending != .exited(0) && errors.contains("recovery answer"), "\(errors)")
        }
        let sent = try vault.ask(
            "POST", "/v1/slots?label=a", body: Array(line.utf8), door: "admin")
        #expect(sent.code == "malformed-secret")
        #expect(try vault.ask("GET", "/v1/slots", door: "admin").json["slots"].list.count == 1)
    }

    @Test("a recovery key is shown to a terminal only, unless told otherwise")
    func terminalOnly() throws {
        let (ending, output, errors) = try run(Machine.program("vaultd"), ["recovery", "new"])
        #expect(ending != .exited(0) && output.isEmpty)
        #expect(errors.contains("terminal"))
    }

    @Test(
        "the picture is a QR code of the key's line",
        .enabled(if: Machine.has("zbarimg"), "zbarimg reads it"))
    func picture() throws {
        let folder = try TestFolder()
        let made = try Self.vaultd(["recovery", "new", "--no-terminal"])
        let rows = made.split(separator: "\n").filter { $0.hasPrefix("\u{1B}[38") }.map { line in
            line.dropFirst("\u{1B}[38;5;16;48;5;231m".count).dropLast("\u{1B}[0m".count)
        }
        let width = try #require(rows.first).count
        var picture = "P2\n\(width * 4) \(rows.count * 8)\n1\n"
        for row in rows {
            for half in ["\u{2580}\u{2588}", "\u{2584}\u{2588}"] {
                let line = row.map { half.contains($0) ? "0 0 0 0" : "1 1 1 1" }
                picture += String(repeating: line.joined(separator: " ") + "\n", count: 4)
            }
        }
        try Disk.write(picture, to: folder.path("code.pgm"))
        let (ending, output, errors) = try run(
            "zbarimg", ["--quiet", "--raw", folder.path("code.pgm")])
        #expect(ending == .exited(0), "\(errors)")
        let line = try #require(made.firstMatch(of: /imagevault-recovery-1:[ 0-9a-f]+/)).output
        #expect(output == line.replacing(" ", with: "") + "\n")
    }

    @Test("half a recovery key is told to be none")
    func fullPaper() throws {
        let vaultd = Machine.program("vaultd")
        let (ending, _, errors) = try run(
            "bash", ["-c", "\"$0\" recovery new --no-terminal >/dev/full", vaultd])
        #expect(ending != .exited(0) && errors.contains("do not use it"), "\(errors)")
    }

    @Test(
        "a set of shares that finds no room leaves none of them",
        .enabled(if: Machine.canMount, "needs root and mount(2)"))
    func fullFolder() throws {
        let folder = try TestFolder()
        // Room for three files.
        let disk = try TemporaryDisk(in: folder, bytes: 3 * 4096)
        defer { withExtendedLifetime(disk) {} }
        let vault = String(repeating: "0", count: 32)
        let (ending, _, errors) = try run(
            Machine.program("vaultd"),
            [
                "shares", "new", "--needed", "2", "--count", "5", "--vault", vault,
                folder.path("disk"),
            ])
        #expect(ending != .exited(0) && errors.contains("nothing was left"), "\(errors)")
        #expect(Disk.files(below: folder.path("disk")).isEmpty)
    }

    @Test("shares in several hands open the vault, each given in a session of its own")
    func shares() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        let folder = vault.folder.path("ceremony")
        let vaultID = try #require(
            try vault.ask("GET", "/v1/status", door: "admin").json["vault"].text)
        let arguments = [
            "shares", "new", "--needed", "2", "--count", "3", "--vault", vaultID, folder,
        ]
        _ = try Self.vaultd(arguments)
        let paths = (1...3).map { "\(folder)/share-\($0).txt" }
        #expect(try paths.allSatisfy { try Disk.mode($0) == 0o600 })
        let again = try run(Machine.program("vaultd"), arguments)
        #expect(again.ending != .exited(0) && again.errors.contains("already"))
        let all = vault.folder.path("all")
        try Disk.write(
            try paths.map { String(decoding: try Disk.read($0), as: UTF8.self) }.joined(), to: all)
        let added = try vault.vaultctlJSON(
            ["slots", "add", "--label", "board", "--secret-file", all])
        let slot = try #require(added["added"].text)
        let listed = added["slots"].list.first { $0["id"].text == slot }
        #expect(listed?["detail"].text == "2 of 3")
        let half = try vault.vaultctlJSON(["slots", "prove", slot, "--secret-file", paths[0]])
        #expect(half["shares"]["given"].number == 1 && half["shares"]["needed"].number == 2)
        let proved = try vault.vaultctlJSON(["slots", "prove", slot, "--secret-file", paths[2]])
        #expect(proved["shares"] == .null)
        #expect(proved["slots"].list.first { $0["id"].text == slot }?["proved"].text != nil)
        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        let one = try vault.unseal(try Disk.read(paths[1]))
        #expect(one.status == 202 && one.json["sealed"] == .bool(true))
        #expect(try vault.get(id).code == "sealed")
        let two = try vault.vaultctlJSON(["unseal", "--secret-file", paths[0]])
        #expect(two["sealed"] == .bool(false) && two["slot"].text == slot)
        #expect(try vault.get(id).bytes == Bytes(image))
    }
}
