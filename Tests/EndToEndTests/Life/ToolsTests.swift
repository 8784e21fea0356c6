// Tools/up and Tools/down, which the demo, the bench and developers use.

import Foundation
import Glibc
import Testing

@Suite("Tools/up")
struct ToolsTests {
    @Test("makes a vault and leaves it running; Tools/down stops it; up again keeps the images")
    func upAndDown() throws {
        let place = try Place()
        #expect(try place.up().ending == .exited(0))
        #expect(place.isRunning)
        for door in ["images", "admin", "audit"] {
            #expect(try place.connect(door).ask("GET", "/v1/health").status == 200)
        }
        #expect(Disk.exists(place.folder.path("audit.pub")))
        let image = Sample.jpeg(600)
        let stored = try place.connect("images").ask(
            "POST", "/v1/images", [Request.name("a.jpg")], body: image)
        let id = try #require(stored.json["id"].text)
        #expect(try place.down().ending == .exited(0))
        #expect(!place.isRunning)
        #expect(!Disk.exists(place.folder.path("vaultd.pid")))
        #expect(try place.up().ending == .exited(0))
        let answer = try place.connect("images").ask("GET", "/v1/images/\(id)")
        #expect(answer.bytes == Bytes(image))
    }

    @Test(
        "serves with the level and the rules that it is given",
        arguments: ["structure", "decode"])
    func options(level: String) throws {
        let place = try Place()
        let told = try place.up(
            ["--validation", level, "--trailer", "truncate", "--metadata", "strip"])
        #expect(told.ending == .exited(0), "\(told.errors)")
        let validation = try place.connect("admin").ask("GET", "/v1/status").json["validation"]
        #expect(validation["level"].text == level)
        #expect(validation["trailer"].text == "truncate")
        #expect(validation["metadata"].text == "strip")
    }

    @Test(
        "refuses by name what it does not know",
        arguments: [
            ["--validation", "paranoid"], ["--trailer", "keep"], ["--metadata", "drop"],
            ["--frobnicate"],
        ])
    func unknown(options: [String]) throws {
        let place = try Place()
        let told = try place.up(options)
        #expect(told.ending != .exited(0))
        #expect(try told.errors.contains(#require(options.last)))
        #expect(!Disk.exists(place.folder.path("state")))
    }

    @Test("refuses a vault that runs already, and lets it run")
    func twice() throws {
        let place = try Place()
        #expect(try place.up().ending == .exited(0))
        let again = try place.up()
        #expect(again.ending != .exited(0))
        #expect(again.errors.contains("already"))
        #expect(place.isRunning)
    }
}

/// A directory for Tools/up, whose daemon ends with its owner.
private final class Place {
    let folder: TestFolder

    init() throws { folder = try TestFolder() }

    deinit { if let pid { kill(pid, SIGKILL) } }

    private var pid: pid_t? {
        let text = String(decoding: folder.bytes("vaultd.pid"), as: UTF8.self)
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    var isRunning: Bool { pid.map { kill($0, 0) == 0 } ?? false }

    func connect(_ door: String) throws -> UnixConnection {
        try UnixConnection(to: folder.path("\(door).sock"))
    }

    func up(_ options: [String] = []) throws -> (ending: Ending, output: String, errors: String) {
        try tool("up", [folder.root] + options)
    }

    func down() throws -> (ending: Ending, output: String, errors: String) {
        try tool("down", [folder.root])
    }

    private func tool(
        _ name: String, _ arguments: [String]
    ) throws -> (ending: Ending, output: String, errors: String) {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Tools/\(name)")
        return try run(root.path, arguments, environment: ["IMAGEVAULT_BIN": Machine.programs])
    }
}
