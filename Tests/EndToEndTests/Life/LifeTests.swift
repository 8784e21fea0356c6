// From start to end: readiness, one daemon a state, a graceful stop.

import Foundation
import Glibc
import Testing

@Suite("The daemon's life")
struct LifeTests {
    @Test("A second daemon on the same state is refused, and the first goes on")
    func secondDaemon() throws {
        let vault = try TestVault()
        let second = try ChildProcess(
            Machine.program("vaultd"), ["serve", "--config", vault.configuration])
        #expect(try second.wait() != .exited(0))
        #expect(second.errors.contains("another vaultd"))
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("SIGTERM ends it with 0, and the journal and the log say so")
    func gracefulStop() throws {
        let vault = try TestVault()
        #expect(try vault.stop() == .exited(0))
        #expect(vault.journal.contains("\"stopped\""))
        try vault.start()
        let stops = try vault.events().filter { $0["action"].text == "service.stopped" }
        #expect(stops.count == 1)
    }

    @Test("SIGTERM lets an upload that has begun come to its end")
    func uploadInFlight() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(bytes: 200_000)
        let request = Request.bytes("POST", "/v1/images", [Request.name("a.jpg")], body: image)
        let door = try vault.connect()
        try door.send(Array(request.prefix(100_000)))
        try eventually("the upload's connection") {
            try vault.ask("GET", "/v1/status", door: "admin").json["connections"].number == 2
        }
        try #require(vault.daemon).signal(SIGTERM)
        try eventually("closed doors") { (try? vault.connect("audit")) == nil }
        try door.send(Array(request.dropFirst(100_000)))
        let answer = try #require(try door.answer())
        #expect(answer.status == 201)
        #expect(try #require(vault.daemon).wait() == .exited(0))
        try vault.start()
        #expect(try vault.get(#require(answer.json["id"].text)).bytes == Bytes(image))
    }

    @Test("SIGTERM does not wait for connections that are idle")
    func idleConnections() throws {
        let vault = try TestVault()
        let idle = try (0..<5).map { _ in try vault.connect() }
        _ = try idle[0].ask("GET", "/v1/health")
        #expect(try vault.stop() == .exited(0))
        #expect(try idle[0].readToEnd().isEmpty)
    }

    @Test("A journal that is no terminal has one JSON object a line")
    func journal() throws {
        let vault = try TestVault()
        _ = try vault.get("zz")
        try vault.stop()
        let lines = vault.journal.split(separator: "\n")
        #expect(lines.count >= 2)
        for line in lines {
            let object = JSON.parse(line)
            #expect(object.members.isSuperset(of: ["at", "level", "logger", "message"]), "\(line)")
        }
    }

    @Test("The service manager is told when the doors are open, and when they close")
    func notification() throws {
        let folder = try TestFolder()
        let listener = try NotifySocket(in: folder)
        let vault = try TestVault(environment: ["NOTIFY_SOCKET": listener.path])
        #expect(try listener.next() == "READY=1")
        #expect(try vault.ask("GET", "/v1/ready").status == 200)
        try vault.stop()
        #expect(try listener.next() == "STOPPING=1")
    }

    @Test("The socket of a daemon that was killed is taken over")
    func takeover() throws {
        let vault = try TestVault()
        try vault.crash()
        #expect(Disk.exists(vault.socket("images")))
        try vault.start()
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("A socket that another vault answers at is not taken over, and goes on answering")
    func socketInUse() throws {
        let vault = try TestVault()
        let other = try TestVault(starting: false)
        let said = try other.refusalToStart(
            environment: ["IMAGEVAULT_RUN_DIRECTORY": vault.folder.root])
        #expect(said.contains("a process answers at \(vault.folder.root)/"))
        #expect(try vault.ask("GET", "/v1/health").status == 200)
    }

    @Test("It is not ready once no worker can be had, and images stay readable")
    func launcherGone() throws {
        let vault = try TestVault()
        let image = Sample.jpeg(150)
        let id = try vault.store(image)
        let daemon = try #require(vault.daemon).pid
        // vaultd's only child starts the workers.
        let children = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon)/task")
            .flatMap { try Disk.read("/proc/\(daemon)/task/\($0)/children") }
        let first = String(decoding: children, as: UTF8.self).split(separator: " ").first
        let launcher = try #require(first.flatMap { pid_t($0) })
        #expect(try vault.ask("GET", "/v1/ready").status == 200)
        kill(launcher, SIGKILL)
        let answer = try eventually("the loss to be noticed") {
            let answer = try vault.ask("GET", "/v1/ready")
            return answer.status == 503 ? answer : nil
        }
        #expect(answer.json["code"].text == "inspection-failed")
        #expect(try vault.get(id).bytes == Bytes(image))
    }

    @Test("A file where a socket should be is left alone")
    func noSocket() throws {
        let vault = try TestVault(starting: false)
        try Disk.write("precious", to: vault.socket("images"))
        #expect(try vault.refusalToStart().contains("images.sock"))
        #expect(try Disk.read(vault.socket("images")) == Array("precious".utf8))
    }

    @Test("No secret is in its arguments or environment, and none of its memory in a core")
    func process() throws {
        let vault = try TestVault()
        let pid = try #require(vault.daemon).pid
        let secrets = try [vault.rootKey, vault.logKey].map { try Disk.read($0) }
        // Only root may read the environment of a process that refuses to be traced.
        let environment = Machine.isRoot ? try Disk.read("/proc/\(pid)/environ") : []
        let shown = try Disk.read("/proc/\(pid)/cmdline") + environment
        for secret in secrets {
            // The digits behind the prefix, without the newline.
            let digits = try #require(secret.split(separator: UInt8(ascii: ":")).last).dropLast()
            #expect(digits.count >= 64)
            #expect(shown.firstRange(of: digits.prefix(16)) == nil)
        }
        let limits = String(decoding: try Disk.read("/proc/\(pid)/limits"), as: UTF8.self)
        let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
        #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
    }
}
