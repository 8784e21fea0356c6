import Foundation
import Testing

@Suite("vaultctl", .vault)
struct CommandLineTests {
    @Test("puts a file and gets it back, byte for byte")
    func putAndGet() throws {
        let tool = try Tool()
        let image = Sample.jpeg(bytes: 700_000, 400)
        let file = try tool.file("photo.jpg", image)
        let stored = try tool.run(["put", file, "--json"])
        #expect(stored.ending == .exited(0), "\(stored.errors)")
        let id = try #require(JSON.parse(stored.output)["id"].text)
        let target = tool.folder.path("back.jpg")
        let got = try tool.run(["get", id, "-o", target, "--json"])
        #expect(got.ending == .exited(0), "\(got.errors)")
        #expect(JSON.parse(got.output)["bytes"].number == image.count)
        #expect(try Bytes(Disk.read(target)) == Bytes(image))
        #expect(try Disk.mode(target) == 0o600)
    }

    @Test("gets an image on standard output where that is no terminal")
    func standardOutput() throws {
        let tool = try Tool()
        let image = Sample.jpeg(401)
        let id = try tool.vault.store(image)
        let child = try tool.start(["get", id])
        #expect(try child.wait() == .exited(0))
        #expect(Bytes(child.outputBytes) == Bytes(image))
    }

    @Test("refuses to write an image to a terminal")
    func terminal() throws {
        let tool = try Tool()
        let id = try tool.vault.store(Sample.jpeg(402))
        let script = """
            import os, pty, sys
            pid, terminal = pty.fork()
            if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
            words = b""
            try:
                while (got := os.read(terminal, 65536)): words += got
            except OSError: pass
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), words.hex())
            """
        let words = try python(
            script,
            [Machine.program("vaultctl"), "get", id, "--socket", tool.vault.socket("images")])
        let parts = words.split(separator: " ")
        #expect(parts[0] == "64")
        // The bytes of a JPEG begin with FF D8.
        #expect(!parts[1].contains("ffd8"))
    }

    @Test("shows, lists and removes what it stored, with a claim")
    func verbs() throws {
        let tool = try Tool()
        let file = try tool.file("verbs.jpg", Sample.jpeg(403))
        let claim = ["--job", "verbs_job", "--owner", "verbs-owner"]
        let put = try tool.json(["put", file] + claim)
        let id = try #require(put["id"].text)
        #expect(try tool.json(["stat", id] + claim) == put)
        #expect(try tool.json(["ls"] + claim) == put)
        let plain = try tool.run(["ls", "--job", "verbs_job"])
        #expect(plain.output.contains(id) && plain.output.contains("verbs.jpg"))
        #expect(try tool.run(["rm", id]).ending == .exited(4))
        #expect(try tool.json(["rm", id] + claim)["erased"].bool == true)
        #expect(try tool.run(["stat", id] + claim).ending == .exited(4))
        #expect(try tool.run(["ls"] + claim).output.isEmpty)
    }

    @Test("puts a directory, and lists every page of it")
    func directory() throws {
        let tool = try Tool()
        try FileManager.default.createDirectory(
            atPath: tool.folder.path("many/deep"), withIntermediateDirectories: true)
        for number in 0..<7 {
            let place = number % 2 == 0 ? "many" : "many/deep"
            _ = try tool.file("\(place)/i\(number).jpg", Sample.jpeg(410 + number))
        }
        _ = try tool.file("many/notes.txt", Array("no image".utf8))
        let put = try tool.run(["put", tool.folder.path("many"), "--job", "many", "--json"])
        #expect(put.ending == .exited(0), "\(put.errors)")
        #expect(put.output.split(separator: "\n").count == 7)
        let list = try tool.run(["ls", "--job", "many", "--limit", "2", "--all", "--json"])
        let names = list.output.split(separator: "\n").compactMap { JSON.parse($0)["name"].text }
        #expect(names.sorted() == (0..<7).map { "i\($0).jpg" })
    }

    @Test("tells the state of the vault and who is asking")
    func service() throws {
        let tool = try Tool()
        let status = try tool.json(["status"], door: "admin")
        #expect(status["sealed"].bool == false)
        let screen = try tool.run(["status"], door: "admin")
        #expect(screen.ending == .exited(0))
        #expect(try screen.output.contains(#require(status["vault"].text)))
        for door in ["images", "admin", "audit"] {
            let own = try tool.json(["whoami"], door: door)
            #expect(own["uid"].number == Int(OwnIdentity.uid))
            #expect(own["door"].text == door)
        }
    }

    @Test("shows the newest events")
    func audit() throws {
        let tool = try Tool()
        let id = try tool.vault.store(Sample.jpeg(420))
        let tail = try tool.run(["audit", "tail", "-n", "1000", "--json"], door: "audit")
        #expect(tail.ending == .exited(0))
        let events = tail.output.split(separator: "\n").map { JSON.parse($0) }
        #expect(events.contains { $0["image"].text == id && $0["action"].text == "image.put" })
        let plain = try tool.run(["audit", "tail", "-n", "3"], door: "audit")
        #expect(plain.output.split(separator: "\n").count == 3)
    }

    @Test("finds its sockets in IMAGEVAULT_DIR")
    func environment() throws {
        let vault = try sharedVault()
        for verb in [["whoami"], ["status"], ["audit", "tail"], ["ls"]] {
            let told = try run(
                Machine.program("vaultctl"), verb,
                environment: ["IMAGEVAULT_DIR": vault.folder.root])
            #expect(told.ending == .exited(0), "\(verb): \(told.errors)")
        }
    }

    @Test("writes JSON as one line of ASCII")
    func ascii() throws {
        let tool = try Tool()
        let file = try tool.file("Ärmel 日.jpg", Sample.jpeg(421))
        let put = try tool.run(["put", file, "--json"])
        #expect(put.output.utf8.allSatisfy { $0 < 0x80 })
        #expect(JSON.parse(put.output)["name"].text == "Ärmel 日.jpg")
    }

    @Test("removes control characters from what a terminal would obey")
    func clean() throws {
        let tool = try Tool()
        let missing = tool.folder.path("a\u{1B}[2Jb.jpg")
        let told = try tool.run(["put", missing])
        #expect(told.ending == .exited(1))
        #expect(!told.errors.contains("\u{1B}"))
    }
}

/// The command line against the suite's vault.
struct Tool {
    let vault: TestVault
    let folder: TestFolder

    init(_ vault: TestVault? = nil) throws {
        self.vault = try vault ?? sharedVault()
        folder = try TestFolder()
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Disk.write(bytes, to: folder.path(name))
        return folder.path(name)
    }

    func start(_ arguments: [String], door: String = "images") throws -> ChildProcess {
        try vault.startVaultctl(arguments, door: door)
    }

    func run(
        _ arguments: [String], door: String = "images"
    ) throws -> (ending: Ending, output: String, errors: String) {
        try vault.vaultctl(arguments, door: door)
    }

    /// The one result of a verb that succeeds.
    func json(_ arguments: [String], door: String = "images") throws -> JSON {
        try vault.vaultctlJSON(arguments, door: door)
    }
}
