// Limits and failures as the sockets have them. What they compute is tested with a clock of the test's own; here is
// that they are asked, what is told, and what is on record.

import Foundation
import Testing
import VaultFormat

@Suite("A caller who asks too much")
struct RateTests {
    private static let base = "validation:\n  level: structure\nlimits:\n"

    /// One request an hour beyond the burst: no test is so slow that another comes in.
    private static func slow(_ limit: String, burst: Int) -> String {
        "  \(limit):\n    requests_per_minute: 1\n    burst: \(burst)\n"
    }

    @Test("is told when to come again, and is one case in the log, with all that were refused")
    func limited() throws {
        let vault = try TestVault(settings: Self.base + Self.slow("read", burst: 3))
        let id = String(repeating: "0", count: 64)
        let door = try vault.connect()
        for _ in 0..<3 { #expect(try door.ask("GET", "/v1/images/\(id)").status == 404) }
        for _ in 0..<20 {
            let answer = try door.ask("GET", "/v1/images/\(id)")
            #expect(answer.status == 429)
            #expect(answer.json["code"].text == "rate-limited")
            let seconds = try #require(answer["Retry-After"].flatMap { Int($0) })
            #expect((1...60).contains(seconds))
            #expect(answer.json["retry_after_ms"].number ?? 0 > (seconds - 1) * 1000)
        }
        // Other classes, and those who watch, are not meant.
        #expect(try door.ask("GET", "/v1/whoami").status == 200)
        for _ in 0..<10 { #expect(try door.ask("GET", "/v1/health").status == 200) }
        try vault.stop()
        try vault.start()
        let cases = try vault.events().filter { $0["action"].text == "requests.limited" }
        #expect(cases.map { $0["count"].number } == [1, 19])
        #expect(cases.allSatisfy { $0["limit"].text == "read" })
        #expect(cases.allSatisfy { $0["code"].text == "rate-limited" })
        #expect(cases.allSatisfy { $0["principal"].text == "images" && $0["uid"].number != nil })
    }

    @Test("does not take an actor's share along, nor do made-up actors get more than there is")
    func actors() throws {
        let vault = try TestVault(
            settings: Self.base + Self.slow("report", burst: 6)
                + "  actors:\n    report:\n      requests_per_minute: 1\n      burst: 2\n")
        for actor in ["ann", "bob"] {
            let told = try statuses(vault, (0..<3).map { _ in actor })
            #expect(told == [200, 200, 429])
        }
        let told = try statuses(vault, (0..<9).map { "made-up-\($0)" })
        #expect(told.count { $0 == 200 } == 2)
    }

    private func statuses(_ vault: TestVault, _ actors: [String]) throws -> [Int] {
        let door = try vault.connect()
        return try actors.map { actor in
            try door.ask("GET", "/v1/blocks?actor=x", ["Vault-Actor: \(actor)"]).status
        }
    }

    @Test("has the bytes of an upload counted before one of them is taken in")
    func bytes() throws {
        let vault = try TestVault(
            settings: Self.base + Self.slow("write", burst: 2) + "    bytes_per_second: 1024\n")
        // Room for two minutes is room for 122,880 bytes.
        let image = Sample.png()
        #expect(try vault.put(image, name: "a.png").status == 201)
        let door = try vault.connect()
        try door.send(
            "POST /v1/images HTTP/1.1\r\nHost: vault\r\nContent-Length: 10000000\r\n"
                + "\(Request.name("b.png"))\r\n\r\n")
        #expect(try door.answer()?.status == 429)
    }

    @Test("and guesses secrets, has to wait whatever the settings do not say")
    func secrets() throws {
        let vault = try TestVault()
        let answers = try (0..<70).map { _ in
            try vault.ask("POST", "/v1/unseal", body: Array("wrong".utf8), door: "admin").status
        }
        #expect(answers.contains(429))
        #expect(answers.prefix(50).allSatisfy { $0 != 429 })
        // The way in is closed for seconds, and never for good; the rest of the socket stays open.
        #expect(try vault.ask("GET", "/v1/status", door: "admin").status == 200)
    }

    @Test(
        "and is nobody's principal, loses his connection and leaves a bounded number of events",
        .enabled(if: Machine.isRoot, "needs root to be somebody else"))
    func strangers() throws {
        let vault = try TestVault(
            settings: "validation:\n  level: structure\ndoors:\n  images:\n    mode: \"0666\"\n"
                + "limits:\n" + Self.slow("strangers", burst: 5))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: vault.folder.root)
        let script = """
            import os, socket, sys
            os.setgroups([]); os.setgid(54321); os.setuid(54321)
            told = []
            for _ in range(40):
                s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                s.sendall(b'GET /v1/whoami HTTP/1.1\\r\\nHost: vault\\r\\n\\r\\n')
                data = b''
                while b'\\r\\n\\r\\n' not in data: data += s.recv(65536)
                told.append(data.split()[1].decode())
                if told[-1] == '429':
                    while s.recv(65536): pass
                    told[-1] += ' closed'
                s.close()
            print('\\n'.join(told))
            """
        let result = try run("python3", ["-c", script, vault.socket("images")])
        let told = result.output.split(separator: "\n")
        #expect(told.prefix(5).allSatisfy { $0 == "403" }, "\(result.output)\(result.errors)")
        #expect(told.dropFirst(5).allSatisfy { $0 == "429 closed" } && told.count == 40)
        let events = try vault.events().filter { $0["uid"].number == 54321 }
        #expect(events.count { $0["action"].text == "stranger.refused" } == 5)
        #expect(events.count { $0["action"].text == "requests.limited" } == 1)
    }

    @Test("pays for what is taken in, whatever length it announces, and also for what broke off")
    func announced() throws {
        let vault = try TestVault(
            settings: "validation:\n  level: structure\n  max_bytes: 4096\nlimits:\n"
                + "  write:\n    requests_per_minute: 6000000\n    bytes_per_second: 1024\n")
        let huge = try vault.ask(
            "POST", "/v1/images", [Request.name("a.jpg"), "Content-Length: 1000000000000000"])
        #expect(huge.status == 413)
        let next = try vault.put(Sample.jpeg(1))
        #expect(next.status == 429)
        // Four seconds for the most that an upload may be, and not ten years.
        let wait = try #require(next.json["retry_after_ms"].number)
        #expect((1...4100).contains(wait))
        Thread.sleep(forTimeInterval: Double(wait) / 1000 + 0.1)
        let broken = try vault.connect()
        try broken.send(
            "POST /v1/images HTTP/1.1\r\nHost: vault\r\nTransfer-Encoding: chunked\r\n"
                + "Content-Type: image/jpeg\r\nContent-Disposition: attachment; filename=\"a.jpg\"\r\n\r\n"
                + "800\r\n" + String(repeating: "a", count: 2048))
        broken.finishSending()
        try eventually("the bytes that came are paid for") {
            try vault.put(Sample.jpeg(2)).status == 429
        }
    }

    @Test(
        "is never asked for by a setting that means nothing",
        arguments: [
            "  read:\n    burst: 5\n", "  read:\n    requests_per_minute: 0\n",
            "  read:\n    bytes_per_second: 1\n    requests_per_minute: 1\n",
            "  audit:\n    requests_per_minute: 1\n    bytes_per_second: 4096\n",
            "  everything:\n    requests_per_minute: 1\n", "  failures:\n    lock_after: 1\n",
        ])
    func settings(lines: String) throws {
        let vault = try TestVault(starting: false)
        try Disk.write(
            String(decoding: Disk.read(vault.configuration), as: UTF8.self) + "limits:\n" + lines,
            to: vault.configuration)
        #expect(try vault.refusalToStart().contains("limits."))
    }
}

@Suite("What a web tier reports")
struct SecurityEventTests {
    private func report(
        _ vault: TestVault, _ success: Bool, actor: String = "ann"
    ) throws -> Answer {
        let body =
            #"{"kind":"auth_attempt","success":\#(success),"actor":"\#(actor)","client":"203.0.113.9","endpoint":"/login"}"#
        return try vault.ask("POST", "/v1/security-events", body: Array(body.utf8))
    }

    @Test("is on record before it is answered, and is remembered by a vault that is started again")
    func remembered() throws {
        let vault = try TestVault()
        let told = try (0..<5).map { _ in try report(vault, false).json["decision"].text }
        #expect(told == ["allow", "delay", "delay", "delay", "block"])
        try vault.crash()
        try vault.start()
        let events = try vault.events()
        #expect(events.count { $0["action"].text == "auth.attempted" } == 4)
        #expect(
            events.filter { $0["action"].text == "auth.locked" }.map { $0["locked"].text }
                == ["actor,source"])
        for query in ["actor=ann", "client=203.0.113.9", "client=203.0.113.9&actor=bob"] {
            let answer = try vault.ask("GET", "/v1/blocks?\(query)")
            #expect(answer.json["decision"].text == "block")
            let wait = try #require(answer.json["retry_after_ms"].number)
            #expect((1...900_000).contains(wait))
        }
        #expect(try vault.ask("GET", "/v1/blocks?actor=bob").json["decision"].text == "allow")
        #expect(try report(vault, true).json["decision"].text == "block")
    }

    @Test("is told in vaultd's own log once a lock, without a name")
    func alerted() throws {
        let vault = try TestVault()
        for _ in 0..<10 { _ = try report(vault, false, actor: "user-8421") }
        let lines = vault.journal.split(separator: "\n").filter { $0.contains("locked out") }
        #expect(lines.count == 2)
        #expect(!vault.journal.contains("8421") && !vault.journal.contains("203.0.113"))
    }

    @Test("is refused by code where it is not what the contract says")
    func strict() throws {
        let vault = try TestVault()
        for (path, body) in [
            ("/v1/security-events", #"{"kind":"auth_attempt","success":true,"more":1}"#),
            ("/v1/limits/check", #"{"key":"a","cost":0}"#),
        ] {
            let answer = try vault.ask("POST", path, body: Array(body.utf8))
            #expect(answer.status == 400 && answer.json["code"].text == "invalid-body")
            let forged = try vault.ask(
                "POST", path, ["Origin: https://evil.example"], body: Array(body.utf8))
            #expect(forged.json["code"].text == "cross-site")
        }
        #expect(
            try vault.ask("GET", "/v1/blocks").json["code"].text == "invalid-parameter")
    }

    @Test("and its own limits count for all its processes at once")
    func checks() throws {
        let vault = try TestVault()
        let body = Array(#"{"key":"search:1","per_minute":1,"burst":3}"#.utf8)
        let allowed = try (0..<5).map { _ in
            // Each on a connection of its own.
            try vault.ask("POST", "/v1/limits/check", body: body).json["allowed"].bool
        }
        #expect(allowed == [true, true, true, false, false])
    }
}
