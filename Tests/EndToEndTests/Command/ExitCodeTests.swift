import Glibc
import Testing

@Suite("The exit code of vaultctl", .vault)
struct ExitCodeTests {
    private static let nowhere = String(repeating: "0", count: 64)

    @Test("is 3 for a refused image, and the finding is told")
    func refused() throws {
        let tool = try Tool()
        let file = try tool.file("noise.jpg", Sample.filler(3000, 1))
        let told = try tool.run(["put", file])
        #expect(told.ending == .exited(3))
        #expect(told.errors.contains("signature-unknown"))
        #expect(told.output.isEmpty)
    }

    @Test("is 4 for what is not there", arguments: ["get", "stat", "rm"])
    func unknown(verb: String) throws {
        let tool = try Tool()
        let target = verb == "get" ? ["-o", tool.folder.path("target")] : []
        let told = try tool.run([verb, Self.nowhere, "--json"] + target)
        #expect(told.ending == .exited(4))
        #expect(JSON.parse(told.errors)["problem"]["code"].text == "unknown-image")
        #expect(!Disk.exists(tool.folder.path("target")))
    }

    @Test("is 5 for who may not, and the remedy is told")
    func notPermitted() throws {
        // Where no user is left, the vault's own is a stranger.
        let vault = try TestVault(
            arguments: ["--set", "doors.images.groups=61234"], starting: false)
        try vault.launch()
        try eventually("vaultd") { vault.journal.contains("\"serving\"") }
        let told = try Tool(vault).run(["whoami"])
        #expect(told.ending == .exited(5))
        #expect(told.errors.contains("Ask an admin"))
    }

    @Test("is 6 for a vault that is sealed")
    func sealed() throws {
        let vault = try TestVault(starting: false)
        try Disk.remove(vault.rootKey)
        try vault.start()
        let tool = try Tool(vault)
        #expect(try tool.run(["get", Self.nowhere]).ending == .exited(6))
        let screen = try tool.run(["status"], door: "admin")
        #expect(screen.ending == .exited(0))
        #expect(screen.output.contains("SEALED"))
        #expect(try tool.run(["ready"]).ending == .exited(6))
        #expect(try tool.run(["ready", "--alive"]).ending == .exited(0))
    }

    @Test("is 0 for a vault that is ready, at each door, and asking leaves no event")
    func ready() throws {
        let vault = try TestVault()
        let events = try vault.events().count
        for door in ["images", "admin", "audit"] {
            let told = try Tool(vault).run(["ready", "--door", door], door: door)
            #expect(told.ending == .exited(0) && told.output == "ready\n")
        }
        // The reading of the log before is the one event.
        #expect(try vault.events().count == events + 1)
    }

    @Test("is 6 for a socket that nobody listens at, and the place is told")
    func unreachable() throws {
        let folder = try TestFolder()
        let missing = folder.path("images.sock")
        let told = try run(Machine.program("vaultctl"), ["ls", "--socket", missing])
        #expect(told.ending == .exited(6))
        #expect(told.errors.contains(missing) && told.errors.contains("Start vaultd"))
        let vault = try TestVault()
        try vault.crash()
        let dead = try Tool(vault).run(["ls"])
        #expect(dead.ending == .exited(6))
        #expect(dead.errors.contains("Nothing listens"))
    }

    @Test("is 7 for a damaged image, and no file is left")
    func damaged() throws {
        let vault = try TestVault()
        let tool = try Tool(vault)
        let id = try vault.store(Sample.jpeg(bytes: 4 * Sample.frameBytes))
        let blob = try #require(vault.blobs.first)
        try Disk.flip(blob, at: -1)
        // A file that was there before keeps its content until a whole image replaces it.
        let target = try tool.file("target.jpg", Array("older".utf8))
        let late = try tool.run(["get", id, "-o", target])
        #expect(late.ending == .exited(7), "\(late.errors)")
        #expect(try Disk.read(target) == Array("older".utf8))
        #expect(Disk.files(below: tool.folder.root) == [target])
        #expect(try tool.run(["get", id]).ending == .exited(7))
        try Disk.flip(blob, at: 0)
        let early = try tool.run(["get", id, "-o", target])
        #expect(early.ending == .exited(7), "\(early.errors)")
        #expect(early.errors.contains("blob-damaged"))
    }

    @Test("is 1 for a file that cannot be read, and the others are put")
    func localFile() throws {
        let tool = try Tool()
        let good = try tool.file("good.jpg", Sample.jpeg(430))
        let told = try tool.run(["put", tool.folder.path("missing.jpg"), good, "--json"])
        #expect(told.ending == .exited(1))
        #expect(JSON.parse(told.output)["name"].text == "good.jpg")
        #expect(told.errors.contains("missing.jpg"))
    }

    @Test(
        "is 64 for wrong usage",
        arguments: [
            ["get", "not-an-id"], ["put"], ["ls", "--limit", "0"], ["frobnicate"],
            ["ls", "--job", "a b"], ["audit", "tail", "-n", "0"],
            ["put", "x.jpg", "--parallel", "17"],
        ])
    func usage(arguments: [String]) throws {
        #expect(try run(Machine.program("vaultctl"), arguments).ending == .exited(64))
    }

    @Test(
        "is 0 for help, which has an example",
        arguments: [
            "put", "get", "stat", "ls", "rm", "status", "whoami", "audit tail",
        ])
    func help(verb: String) throws {
        let words = verb.split(separator: " ").map(String.init)
        let told = try run(Machine.program("vaultctl"), words + ["--help"])
        #expect(told.ending == .exited(0))
        #expect(told.output.contains("Example: vaultctl \(verb)"))
        #expect(told.output.contains("--socket") && told.output.contains("--json"))
    }

    @Test("is 130 when it was interrupted")
    func interrupted() throws {
        let tool = try Tool()
        let child = try tool.start(["audit", "tail", "--follow", "--json"], door: "audit")
        try eventually("the first events") { !child.output.isEmpty }
        child.signal(SIGINT)
        #expect(try child.wait() == .exited(130))
    }
}
