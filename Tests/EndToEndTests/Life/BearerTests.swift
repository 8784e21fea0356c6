// Who shows a token or a ticket, at the sockets: by processes of other users, where that matters.

import Foundation
import Synchronization
import Testing
import VaultFormat

@Suite("A token or a ticket", .serialized)
struct BearerTests {
    private static let photo = Sample.jpeg()
    private static let users = (edge: 53_001, web: 53_002)

    private func vault() throws -> TestVault {
        let settings = ["images", "admin", "audit"].map { "  \($0):\n    mode: \"0666\"\n" }
        let vault = try TestVault(
            settings: "validation:\n  level: structure\ndoors:\n" + settings.joined(),
            starting: false)
        let policy = """
            version: 1
            principals:
              root: {users: [root, "\(getuid())"], roles: [admin, auditor, backend]}
              edge: {users: ["\(Self.users.edge)"], proxy: true}
              web: {users: ["\(Self.users.web)"], roles: [backend]}
              thumbs: {tokens: true, roles: [backend-read]}
            """
        let path = vault.folder.path("policy.yaml")
        try Data(policy.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: vault.folder.root)
        try vault.start(arguments: ["--set", "policy_file=\(path)"])
        return vault
    }

    private func post(
        _ vault: TestVault, _ target: String, _ body: String, _ fields: [String] = [],
        door: String = "admin"
    ) throws -> Answer {
        try vault.ask(
            "POST", target, ["Content-Type: application/json"] + fields, body: Array(body.utf8),
            door: door)
    }

    private func makeToken(
        _ vault: TestVault, _ body: String = #"{"principal":"thumbs"}"#
    ) throws -> (id: String, field: String) {
        let answer = try post(vault, "/v1/tokens", body)
        guard answer.status == 201, let id = answer.json["id"].text,
            let token = answer.json["token"].text
        else { throw TestFailure("no token: \(answer.summary)") }
        return (id, "Authorization: Bearer \(token)")
    }

    private func makeTicket(_ vault: TestVault, _ id: String, _ body: String) throws -> String {
        let answer = try post(vault, "/v1/images/\(id)/tickets", body, door: "images")
        guard answer.status == 201, let ticket = answer.json["ticket"].text else {
            throw TestFailure("no ticket: \(answer.summary)")
        }
        #expect(answer.json["path"].text == "/v1/images/\(id)?ticket=\(ticket)")
        return ticket
    }

    /// An auditor finds what has this id, and nothing else.
    private func expectFound(
        _ vault: TestVault, _ kind: String, _ id: String, _ least: Int
    ) throws {
        let wanted = try vault.events().filter {
            $0[kind].text == id && $0["action"].text != "read.ended"
        }.map { $0["index"].number }
        let found = try vault.ask("GET", "/v1/events?limit=1000&\(kind)=\(id)", door: "audit").json
        #expect(wanted.count >= least)
        #expect(found["events"].list.map { $0["index"].number } == wanted)
    }

    @Test("of a token has its principal's verbs, or those of its scopes, and is in each event")
    func tokens() throws {
        let vault = try vault()
        let id = try vault.store(Self.photo)
        let token = try makeToken(vault)
        let narrow = try makeToken(vault, #"{"principal":"thumbs","scopes":["images.probe"]}"#)
        #expect(try vault.ask("GET", "/v1/images/\(id)", [token.field]).body == Self.photo)
        let who = try vault.ask("GET", "/v1/whoami", [token.field])
        #expect(who.json["principal"].text == "thumbs" && who.json["token"].text == token.id)
        for (method, field, status) in [
            ("DELETE", token.field, 403), ("GET", narrow.field, 403), ("HEAD", narrow.field, 200),
        ] {
            #expect(try vault.ask(method, "/v1/images/\(id)", [field]).status == status)
        }
        let read = try #require(
            try vault.events().last { $0["action"].text == "read.begun" && $0["code"].text == nil })
        #expect(read["token"].text == token.id)
        try expectFound(vault, "token", token.id, 4)
        // The other sockets are for those whom the kernel knows.
        #expect(
            try vault.ask("GET", "/v1/status", [token.field], door: "admin").status == 400)
        // Nothing that the vault writes has the secret in it.
        let secret = Data(token.field.utf8.suffix(BearerText.count))
        for file in Disk.files(below: vault.folder.root) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            #expect(bytes.range(of: secret) == nil, "\(file)")
        }
    }

    @Test("is told once: sent again under its key, the request makes no other and tells no secret")
    func once() throws {
        let vault = try vault()
        let body = #"{"principal":"thumbs","note":"host 7"}"#
        let first = try post(vault, "/v1/tokens", body, ["Idempotency-Key: \"k1\""])
        let again = try post(vault, "/v1/tokens", body, ["Idempotency-Key: \"k1\""])
        #expect(first.status == 201 && again.status == 201)
        #expect(first.json["id"].text == again.json["id"].text)
        #expect(first.json["token"].text?.hasPrefix("ivt_") == true)
        #expect(again.json["token"].text == nil)
        let list = try vault.ask("GET", "/v1/tokens", door: "admin")
        #expect(list.json["tokens"].list.count == 1)
    }

    @Test("is made for who takes tokens, with verbs that he has")
    func refusals() throws {
        let vault = try vault()
        for body in [
            #"{"principal":"web"}"#, #"{"principal":"edge"}"#, #"{"principal":"moon"}"#,
            #"{"principal":"thumbs","scopes":["images.put"]}"#,
        ] {
            let answer = try post(vault, "/v1/tokens", body)
            #expect(answer.status == 400 && answer.code == "invalid-body", "\(body)")
        }
        let token = try makeToken(vault)
        let rotated = try post(vault, "/v1/tokens/\(token.id)/rotate", #"{"overlap_seconds":0}"#)
        #expect(rotated.json["id"].text == token.id && rotated.json["overlap_ends"].text == nil)
        let next = "Authorization: Bearer \(rotated.json["token"].text ?? "")"
        #expect(try vault.ask("GET", "/v1/version", [next]).status == 200)
        let before = try vault.ask("GET", "/v1/version", [token.field])
        #expect(before.status == 401 && before.code == "token-refused")
        #expect(before["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
        let path = "/v1/tokens/\(token.id)"
        #expect(try vault.ask("DELETE", path, door: "admin").status == 200)
        #expect(try vault.ask("GET", "/v1/version", [next]).code == "token-refused")
        #expect(try vault.ask("DELETE", path, door: "admin").code == "unknown-token")
    }

    @Test("gives nobody what it may not itself: by no ticket, nor once the policy took it away")
    func narrow() throws {
        let vault = try vault()
        let id = try vault.store(Self.photo)
        let giver = try makeToken(vault, #"{"principal":"thumbs","scopes":["tickets.create"]}"#)
        let tickets = "/v1/images/\(id)/tickets"
        #expect(
            try vault.ask("POST", tickets, [giver.field], body: Array("{}".utf8)).code
                == "not-permitted")
        let token = try makeToken(vault)
        let answer = try vault.ask("POST", tickets, [token.field], body: Array("{}".utf8))
        guard let ticket = answer.json["ticket"].text else { throw TestFailure(answer.summary) }
        let path = vault.folder.path("policy.yaml")
        let policy = String(decoding: try Disk.read(path), as: UTF8.self)
            .replacing("roles: [backend-read]", with: "roles: [backend-write]")
        try Data(policy.utf8).write(to: URL(fileURLWithPath: path))
        #expect(try vault.ask("POST", "/v1/policy/reload", door: "admin").status == 200)
        for (target, fields) in [
            ("/v1/images/\(id)", [token.field]), ("/v1/images/\(id)?ticket=\(ticket)", []),
        ] as [(String, [String])] {
            #expect(try vault.ask("GET", target, fields).status == 403, "\(target)")
        }
        #expect(try vault.ask("POST", "/v1/seal", door: "admin").status == 200)
        #expect(try vault.ask("GET", "/v1/version", [token.field]).code == "sealed")
        #expect(try vault.ask("GET", "/v1/health", [token.field]).status == 200)
    }

    @Test("of a ticket reads no more than it says, however many ask at once and whatever is killed")
    func counted() throws {
        let vault = try vault()
        let id = try vault.store(Self.photo)
        let ticket = try makeTicket(vault, id, #"{"reads":12,"seconds":3600}"#)
        let path = "/v1/images/\(id)?ticket=\(ticket)"
        let read = Mutex(0)
        @Sendable func readers(_ count: Int) {
            DispatchQueue.concurrentPerform(iterations: count) { _ in
                guard let answer = try? vault.ask("GET", path), answer.status == 200 else { return }
                read.withLock { $0 += 1 }
            }
        }
        readers(5)
        #expect(read.withLock { $0 } == 5)
        for _ in 0..<3 {
            let ends = DispatchGroup()
            DispatchQueue.global().async(group: ends) { readers(2) }
            try vault.crash()
            ends.wait()
            try vault.start(
                arguments: ["--set", "policy_file=\(vault.folder.path("policy.yaml"))"])
        }
        let before = read.withLock { $0 }
        #expect((5...11).contains(before))
        readers(20)
        // What a kill took counts as read; what was answered was counted.
        let all = read.withLock { $0 }
        #expect(all <= 12 && all >= 6)
        #expect([403, 429].contains(try vault.ask("GET", path).status))
    }

    @Test("of a ticket reads its image so often, and is no key to anything else")
    func tickets() throws {
        let vault = try vault()
        let id = try vault.store(Self.photo, ["Vault-Owner: ann"])
        let answer = try vault.ask(
            "POST", "/v1/images/\(id)/tickets", ["Vault-Owner: ann"],
            body: Array(#"{"reads":3}"#.utf8))
        guard let ticket = answer.json["ticket"].text else {
            throw TestFailure("no ticket: \(answer.summary)")
        }
        let path = "/v1/images/\(id)?ticket=\(ticket)"
        #expect(try vault.ask("HEAD", path).status == 200)
        #expect(try vault.ask("GET", path).body == Self.photo)
        let other = String(repeating: "0", count: 64)
        for target in [
            "/v1/images/\(other)?ticket=\(ticket)", "/v1/images/\(id)?ticket=\(ticket)x",
        ] {
            #expect(try vault.ask("GET", target).code == "ticket-refused", "\(target)")
        }
        for query in ["ticket=\(ticket)&ticket=\(ticket)", "ticket=\(ticket)&x=1", "ticket"] {
            #expect(try vault.ask("GET", "/v1/images/\(id)?\(query)").status == 400, "\(query)")
        }
        #expect(try vault.ask("GET", "/v1/images?ticket=\(ticket)").code == "unknown-parameter")
        // What the request claims besides is not looked at.
        let header = ["Vault-Ticket: \(ticket)", "Vault-Owner: bob"]
        // Who tried bad ones hears of the next later: it is told of, or told to wait.
        for (method, path) in [("GET", "/v1/images"), ("DELETE", "/v1/images/\(id)")] {
            #expect([403, 429].contains(try vault.ask(method, path, header).status))
        }
        #expect(try vault.ask("GET", "/v1/images/\(id)", header).body == Self.photo)
        let used = try vault.ask("GET", "/v1/images/\(id)", header)
        #expect([403, 429].contains(used.status))
        try expectFound(vault, "ticket", answer.json["id"].text ?? "", 4)
    }

    @Test(
        "is what a proxy needs for everything",
        .enabled(if: Machine.isRoot, "needs root to be somebody else"))
    func proxies() throws {
        let vault = try vault()
        let id = try vault.store(Self.photo)
        let token = try makeToken(vault)
        let ticket = try makeTicket(vault, id, #"{"reads":1}"#)
        let script = """
            import http.client, os, socket, sys
            os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
            def ask(target, fields):
                c = http.client.HTTPConnection('vault')
                c.sock = socket.socket(socket.AF_UNIX); c.sock.connect(sys.argv[1])
                c.request('GET', target, headers=fields)
                a = c.getresponse(); body = a.read()
                print(a.status, len(body) if a.status == 200 else '')
            image, ticket, token = sys.argv[3:]
            ask('/v1/images/' + image, {})
            ask('/v1/images/' + image + '?ticket=' + ticket, {})
            ask('/v1/images/' + image, {'Authorization': 'Bearer ' + token})
            ask('/v1/whoami', {'Authorization': 'Bearer ' + token})
            ask('/v1/images/' + image + '?ticket=' + ticket, {})
            """
        let secret = String(token.field.suffix(BearerText.count))
        let result = try run(
            "python3",
            ["-c", script, vault.socket("images"), "\(Self.users.edge)", id, ticket, secret])
        let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
        let told = lines.compactMap { $0.first.map { String($0) } }
        let errors = String(describing: result.errors)
        #expect(told == ["401", "200", "200", "200", "403"], "\(errors)")
        let lengths = lines.dropFirst().prefix(2).compactMap { $0.last.map { String($0) } }
        #expect(lengths == Array(repeating: "\(Self.photo.count)", count: 2))
        let refused = try vault.events().filter { $0["action"].text == "token.refused" }
        #expect(refused.map { $0["code"].text } == ["token-required", "ticket-refused"])
        #expect(refused.allSatisfy { $0["uid"].number == Self.users.edge })
    }

    @Test("that is bad is told of ever more seldom, and keeps nobody with a good one out")
    func slows() throws {
        let vault = try vault()
        let token = try makeToken(vault)
        var told: [Int] = []
        for number in 0..<20 {
            let bad = "Authorization: Bearer ivt_\(number)"
            told.append(try vault.ask("GET", "/v1/version", [bad]).status)
        }
        #expect(told.prefix(2) == [401, 401] && told.suffix(10).allSatisfy { $0 == 429 })
        #expect(try vault.ask("GET", "/v1/version", [token.field]).status == 200)
        #expect(try vault.ask("GET", "/v1/version").status == 200)
        let events = try vault.events()
        #expect(events.count { $0["action"].text == "token.refused" } < 10)
        #expect(events.contains { $0["action"].text == "requests.limited" })
    }
}
