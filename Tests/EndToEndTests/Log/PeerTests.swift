// Who may speak is what the kernel says, so these tests speak as other users, which only root can.

import Foundation
import Testing
import VaultFormat

@Suite(
    "Only who is named may speak", .enabled(if: Machine.isRoot, "needs root to be somebody else"))
struct PeerTests {
    private static let stranger = 54_321

    @Test("a stranger is refused, and told what to do")
    func refused() throws {
        let vault = try Self.openVault()
        for door in ["images", "admin", "audit"] {
            let answer = try Self.ask(vault, door: door, uid: Self.stranger)
            #expect(answer.status == 403)
            #expect(answer.json["code"].text == "not-permitted")
            #expect(answer.json["fix"].text?.contains("admin") == true)
        }
    }

    @Test("a stranger learns nothing, not even which paths there are")
    func nothing() throws {
        let vault = try Self.openVault()
        let id = try vault.store(Sample.jpeg(100))
        for target in ["/v1/images/\(id)", "/v1/nothing", "/v1/health", "/v1/images"] {
            let answer = try Self.ask(vault, target: target, uid: Self.stranger)
            #expect(answer.status == 403, "\(target)")
        }
    }

    @Test("a stranger's attempt is in the log, with its uid")
    func logged() throws {
        let vault = try Self.openVault()
        _ = try Self.ask(vault, uid: Self.stranger)
        let event = try vault.events().first { $0["action"].text == "stranger.refused" }
        #expect(event?["uid"].number == Self.stranger)
        #expect(event?["code"].text == "not-permitted")
        #expect(event?["outcome"].text == "refused")
        #expect(vault.journal.contains("uid=\(Self.stranger)"))
    }

    @Test("a user that is named may speak, at the door that names it")
    func named() throws {
        let vault = try Self.openVault(
            arguments: ["--set", "doors.images.users=0,\(Self.stranger)"])
        #expect(try Self.ask(vault, uid: Self.stranger).status == 200)
        #expect(try Self.ask(vault, door: "admin", uid: Self.stranger).status == 403)
    }

    @Test("a member of a named group may speak, by its first group or any other")
    func groups() throws {
        let vault = try Self.openVault(arguments: ["--set", "doors.images.groups=6001"])
        #expect(try Self.ask(vault, uid: Self.stranger, gid: 6001).status == 200)
        #expect(try Self.ask(vault, uid: Self.stranger, groups: [6000, 6001]).status == 200)
        #expect(try Self.ask(vault, uid: Self.stranger, groups: [6000, 6002]).status == 403)
    }

    @Test("more groups than anyone expects are all seen")
    func manyGroups() throws {
        let vault = try Self.openVault(arguments: ["--set", "doors.images.groups=7099"])
        let groups = Array(7000...7099)
        #expect(try Self.ask(vault, uid: Self.stranger, groups: groups).status == 200)
    }

    @Test("where a group is named and no user, even the vault's own user is a stranger")
    func onlyGroups() throws {
        let vault = try Self.openVault(arguments: ["--set", "doors.images.groups=6001"])
        #expect(try vault.ask("GET", "/v1/whoami").status == 403)
    }

    @Test("uid 65534 is nobody in particular and never may, whatever its groups are")
    func overflow() throws {
        let vault = try Self.openVault(arguments: ["--set", "doors.images.groups=6001"])
        #expect(try Self.ask(vault, uid: 65_534, gid: 6001).status == 403)
    }

    @Test("what a caller claims in headers is not who it is")
    func claims() throws {
        let vault = try Self.openVault()
        let fields = ["X-Forwarded-User: root", "Authorization: Bearer root", "X-Remote-Uid: 0"]
        #expect(try Self.ask(vault, fields: fields, uid: Self.stranger).status == 403)
    }

    @Test("10,000 idle connections from one uid leave room for another")
    func idleFlood() throws {
        let vault = try Self.openVault(
            arguments: ["--set", "doors.images.users=0,\(Self.stranger)"])
        let flood = try ChildProcess(
            "python3",
            [
                "-c",
                """
                import os, resource, socket, sys, time
                resource.setrlimit(resource.RLIMIT_NOFILE, (10_100, 10_100))
                os.setgid(54_322)
                os.setuid(int(sys.argv[2]))
                doors = [socket.socket(socket.AF_UNIX) for _ in range(10_000)]
                for door in doors: door.connect(sys.argv[1])
                doors[-1].settimeout(60)
                print("connected", doors[-1].recv(65536).decode(), flush=True)
                time.sleep(600)
                """, vault.socket("images"), "\(Self.stranger)",
            ])
        try eventually("10,000 connections") {
            guard flood.poll() == nil else { throw TestFailure("the flood: \(flood.errors)") }
            return flood.output.contains("connected")
        }
        // Who finds no room is told so without a word of his own, and when to come again.
        #expect(flood.output.contains("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(flood.output.contains("Retry-After: 1\r\n"))
        #expect(flood.output.contains("\"code\":\"overloaded\""))
        // The flooder holds what one uid may, and not one more.
        let status = try vault.ask("GET", "/v1/status", door: "admin").json
        #expect(status["connections"].number == Limits.connectionsPerUser + 1)
        let image = Sample.jpeg(400)
        #expect(try vault.get(vault.store(image)).bytes == Bytes(image))
        try flood.crash()
        try eventually("the end of the flood's connections") {
            try vault.ask("GET", "/v1/status", door: "admin").json["connections"].number == 1
        }
    }

    /// A vault whose sockets the file system lets everyone open.
    static func openVault(arguments: [String] = []) throws -> TestVault {
        let settings = ["images", "admin", "audit"].map { "  \($0):\n    mode: \"0666\"\n" }
        let vault = try TestVault(
            settings: "validation:\n  level: structure\ndoors:\n" + settings.joined(),
            arguments: arguments, starting: false)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: vault.folder.root)
        try vault.launch()
        try eventually("vaultd") { vault.journal.contains("\"serving\"") }
        return vault
    }

    /// One request by a process with another identity; `body` is text.
    static func ask(
        _ vault: TestVault, door: String = "images", method: String = "GET",
        target: String = "/v1/whoami", fields: [String] = [], body: String? = nil, uid: Int,
        gid: Int = 54_322, groups: [Int] = []
    ) throws -> (status: Int, json: JSON) {
        let script = """
            import os, socket, sys
            path, request, uid, gid = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
            os.setgroups([int(group) for group in sys.argv[5:]])
            os.setgid(gid)
            os.setuid(uid)
            door = socket.socket(socket.AF_UNIX)
            door.settimeout(\(Patience.seconds))
            door.connect(path)
            door.sendall(request.encode())
            answer = door.makefile("rb")
            print(answer.readline().decode().split(" ")[1])
            length = 0
            while (line := answer.readline().strip()):
                if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
            print(answer.read(length).decode())
            """
        let bytes = Request.bytes(method, target, fields, body: body.map { Array($0.utf8) })
        let request = String(decoding: bytes, as: UTF8.self)
        let arguments = [vault.socket(door), request, "\(uid)", "\(gid)"] + groups.map(String.init)
        let lines = try python(script, arguments).split(separator: "\n", maxSplits: 1)
        return (Int(lines[0]) ?? 0, JSON.parse(lines.count > 1 ? lines[1] : ""))
    }
}
