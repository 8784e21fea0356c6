// The passphrase slot: made by init, stretched in a child, opened at run time; and the key file beside it.

import Foundation
import Glibc
import Synchronization
import Testing

@Suite("A passphrase")
struct PassphraseTests {
    static let passphrase = "drei graue Katzen, ü"

    /// A vault with a passphrase slot and one image; stopped.
    private static func vault(_ more: [String] = []) throws -> (TestVault, id: String, [UInt8]) {
        let folder = try TestFolder()
        try Disk.write(passphrase + "\n", to: folder.path("spoken"))
        let vault = try TestVault(
            starting: false,
            initArguments: ["--passphrase-file", folder.path("spoken")] + more, in: folder)
        try vault.start()
        if more.contains("--no-root-key-file") { _ = try vault.unseal(passphrase) }
        let image = Sample.jpeg(1)
        let id = try vault.store(image)
        try vault.stop()
        return (vault, id, image)
    }

    @Test("opens beside the key file, and either opens alone, at run time too")
    func eitherAlone() throws {
        let (vault, id, image) = try Self.vault()
        let key = try Disk.read(vault.rootKey)
        try vault.start()
        #expect(try vault.get(id).bytes == Bytes(image), "the key file alone")
        try vault.stop()
        try Disk.remove(vault.rootKey)
        for secret in [Array(Self.passphrase.utf8), key] {
            try vault.start()
            #expect(try vault.get(id).code == "sealed")
            let opened = try vault.unseal(secret)
            #expect(opened.status == 200)
            #expect(opened.json["sealed"].bool == false)
            #expect(try vault.get(id).bytes == Bytes(image))
            try vault.stop()
        }
    }

    @Test("can be the only way in")
    func noKeyFile() throws {
        let (vault, id, image) = try Self.vault(["--no-root-key-file"])
        #expect(!Disk.exists(vault.rootKey))
        try vault.start()
        #expect(try vault.get(id).code == "sealed")
        #expect(try vault.unseal(Self.passphrase).status == 200)
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("that is wrong is refused, an event each time, and leaves the vault sealed")
    func wrong() throws {
        let (vault, id, _) = try Self.vault()
        try Disk.remove(vault.rootKey)
        try vault.start()
        let faults = [
            ("drei graue Katzen", "wrong-secret", 403),
            (Self.passphrase + "\n", "wrong-secret", 403),
            ("imagevault-key-1:1234", "malformed-secret", 400), ("", "empty-body", 400),
            (String(repeating: "x", count: 4097), "body-too-large", 413),
        ]
        for (text, code, status) in faults {
            let answer = try vault.unseal(text)
            #expect(answer.code == code && answer.status == status, "\(answer.summary)")
        }
        #expect(try vault.get(id).code == "sealed")
        let attempts = try vault.events().filter { $0["action"].text == "vault.unsealed" }
        #expect(attempts.map { $0["code"].text } == faults.map { $0.1 })
        #expect(attempts.allSatisfy { $0["outcome"].text == "refused" })
        #expect(try vault.unseal(Self.passphrase).status == 200)
        let opened = try #require(
            vault.events().last { $0["action"].text == "vault.unsealed" })
        let slots = try vault.ask("GET", "/v1/status", door: "admin").json["keys"]["slots"].list
        let spoken = try #require(slots.first { $0["kind"].text == "passphrase" })
        #expect(opened["outcome"].text == "done" && opened["slot"] == spoken["id"])
        #expect(try vault.unseal(Self.passphrase).code == "not-sealed")
    }

    @Test("goes to a child of the launcher, and is in no process afterwards")
    func gone() throws {
        let (vault, _, _) = try Self.vault()
        try Disk.remove(vault.rootKey)
        try vault.start()
        #expect(try vault.unseal(Self.passphrase).status == 200)
        let daemon = try #require(vault.daemon)
        let family = [daemon.pid] + Family.children(of: daemon.pid)
        // Both launchers, and no stretching child any more.
        let names = family.map { Family.name(of: $0) }
        #expect(names.filter { $0 == "vaultd-slot" }.count == 1, "\(names)")
        guard Machine.isRoot else { return }
        for process in family {
            let found = try ProcessMemory(of: process).holds(Array(Self.passphrase.utf8))
            #expect(!found, "\(Family.name(of: process))")
        }
        // The search reaches the heap: the state directory's path is only there.
        #expect(try ProcessMemory(of: daemon.pid).holds(Array(vault.state.utf8)))
    }

    @Test("is stretched by a process that can open nothing and write no file")
    func walls() throws {
        let (vault, _, _) = try Self.vault()
        try Disk.remove(vault.rootKey)
        try vault.start()
        let daemon = try #require(vault.daemon)
        let isSeen = Mutex(false)
        let guesser = Thread {
            while !isSeen.withLock({ $0 }) { _ = try? vault.unseal("another") }
        }
        guesser.start()
        defer { isSeen.withLock { $0 = true } }
        try eventually("a stretching process behind its walls") {
            Family.children(of: daemon.pid).contains { process in
                // It may be gone at any moment.
                guard Family.name(of: process) == "vaultd-slot",
                    let limits = try? String(
                        contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
                else { return false }
                let hard = limits.split(separator: "\n").map { $0.split(separator: " ") }
                return ["open files", "file size", "processes"].allSatisfy { limit in
                    hard.contains { words in
                        words.joined(separator: " ").hasPrefix("Max \(limit) 0 0")
                    }
                }
            }
        }
    }

    @Test("is taken by vaultctl from a file, from its input, and from the terminal without echo")
    func command() throws {
        let (vault, id, image) = try Self.vault()
        try Disk.remove(vault.rootKey)
        let unseal = ["unseal", "--socket", vault.socket("admin")]
        try vault.start()
        let wrong = vault.folder.path("wrong")
        try Disk.write("not that one", to: wrong)
        let refused = try run(
            Machine.program("vaultctl"), unseal + ["--secret-file", wrong])
        #expect(refused.ending == .exited(5))
        #expect(refused.errors.contains("wrong-secret"))
        let opened = try run(
            Machine.program("vaultctl"), unseal + ["--secret-file", vault.folder.path("spoken")])
        #expect(opened.ending == .exited(0), "\(opened.errors)")
        #expect(opened.output.hasPrefix("unsealed by slot "))
        try vault.stop()
        try vault.start()
        let seen = try python(
            Self.typing, [Self.passphrase, Machine.program("vaultctl")] + unseal)
        #expect(seen.contains("unsealed by slot "), "\(seen)")
        #expect(!seen.contains(Self.passphrase))
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("is asked for twice by init, and two different ones make nothing")
    func typedTwice() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove(vault.state)
        try Disk.remove(vault.publicKey)
        let initialize = [
            Machine.program("vaultd"), "init", "--config", vault.configuration, "--passphrase",
        ]
        let differing = try python(
            Self.typing, ["one passphrase\nanother passphrase"] + initialize)
        #expect(differing.contains("different"), "\(differing)")
        #expect(!Disk.exists(vault.state + "/keyring"))
        let same = try python(Self.typing, ["one passphrase\none passphrase"] + initialize)
        #expect(same.contains("fingerprint"), "\(same)")
        #expect(!same.contains("one passphrase"))
        try Disk.remove(vault.rootKey)
        try vault.start()
        #expect(try vault.unseal("one passphrase").status == 200)
    }

    /// Runs a program at a terminal of its own, types one line a question, and prints what it showed.
    private static let typing = """
        import os, pty, sys
        lines, program = sys.argv[1].split("\\n"), sys.argv[2:]
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(program[0], program)
        shown = b""
        try:
            while True:
                got = os.read(terminal, 4096)
                if not got:
                    break
                shown += got
                if lines and shown.endswith(b": "):
                    os.write(terminal, lines.pop(0).encode() + b"\\r")
                    shown += b" "
        except OSError:
            pass
        os.waitpid(pid, 0)
        sys.stdout.buffer.write(shown)
        """
}
