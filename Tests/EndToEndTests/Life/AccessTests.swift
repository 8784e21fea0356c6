// Who may do what, as the sockets have it: every verb and every role, by processes of other users.

import Foundation
import Testing
import VaultAPI
import VaultFormat

@Suite(
    "A policy", .serialized,
    .enabled(if: Machine.isRoot, "needs root to be somebody else"))
struct AccessTests {
    /// The uid of each role's only user.
    private static let users: [String: Int] = [
        "backend": 51_001, "backend-write": 51_002, "backend-read": 51_003, "admin": 51_004,
        "auditor": 51_005, "resolver": 51_006, "thumbnailer": 51_007,
    ]
    private static let thumbnailer: Set<VerbName> = [.getImages, .readMetadata]

    /// The verbs that open a socket, each with a user who has no other.
    private static let single = zip(
        VerbName.allCases.filter { $0.doors.count == 1 }, 52_000...)

    private static func policy(_ more: String = "") -> String {
        let principals = users.sorted { $0.key < $1.key }.map { role, uid in
            "  p-\(role): {users: [\"\(uid)\"], roles: [\(role)]}\n"
        }
        return "version: 1\nroles: {thumbnailer: [images.get, images.metadata]}\nprincipals:\n"
            + "  root: {users: [root], roles: [admin, auditor]}\n" + principals.joined() + more
    }

    private static func policy(
        ofSingle single: some Sequence<(VerbName, Int)>
    ) -> String {
        let roles = single.map { verb, uid in "  v\(uid): [\(verb.rawValue)]\n" }
        let principals = single.map { verb, uid in
            "  p-v\(uid): {users: [\"\(uid)\"], roles: [v\(uid)]}\n"
        }
        return "version: 1\nroles:\n\(roles.joined())principals:\n"
            + "  root: {users: [root], roles: [admin, auditor]}\n" + principals.joined()
    }

    private func vault(_ policy: String) throws -> TestVault {
        let settings = ["images", "admin", "audit"].map { "  \($0):\n    mode: \"0666\"\n" }
        let vault = try TestVault(
            settings: "validation:\n  level: structure\ndoors:\n" + settings.joined(),
            starting: false)
        try write(policy, vault)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: vault.folder.root)
        try vault.start(arguments: ["--set", "policy_file=\(vault.folder.path("policy.yaml"))"])
        return vault
    }

    private func write(_ policy: String, _ vault: TestVault) throws {
        try Data(policy.utf8).write(
            to: URL(fileURLWithPath: vault.folder.path("policy.yaml")), options: .atomic)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: vault.folder.path("policy.yaml"))
    }

    /// An operation of the contract.
    private struct Operation {
        let method: String
        let path: String
        let door: String
        let verb: VerbName?
    }

    /// As the contract lists them: its lines have one form.
    private static func operations() -> [Operation] {
        var (path, method, doors) = ("", "", [String]())
        var found: [Operation] = []
        var open: (String, String, [String])?
        func end(_ verb: VerbName?) {
            guard let (method, path, doors) = open else { return }
            found += doors.map { Operation(method: method, path: path, door: $0, verb: verb) }
            open = nil
        }
        for line in String(decoding: Contract.openAPI, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("  /v1/") {
                path = String(line.dropFirst(2).dropLast())
            } else if let word = line.wholeMatch(of: #/    (get|put|post|delete|head):/#)?.1 {
                method = word.uppercased()
            } else if let list = line.wholeMatch(of: #/      x-sockets: \[(.*)\]/#)?.1 {
                end(nil)
                doors = list.split(separator: ", ").map(String.init)
                open = (method, path, doors)
            } else if let word = line.wholeMatch(of: #/      x-verb: (.*)/#)?.1 {
                end(VerbName(rawValue: String(word)))
            }
        }
        end(nil)
        return found
    }

    private static func target(_ path: String) -> String {
        path.replacing("{namespace}", with: "default").replacing("{level}", with: "0")
            .replacing("{place}", with: "000.p").replacing("{width}", with: "1")
            .replacing(/\{[a-z_]+\}/, with: String(repeating: "0", count: 32))
    }

    @Test("gives exactly its table: every verb of the contract at every socket, to every role")
    func table() throws {
        let vault = try vault(Self.policy())
        let operations = Self.operations()
        #expect(operations.count > 70)
        #expect(Set(operations.compactMap(\.verb)) == Set(VerbName.allCases))
        for (role, uid) in Self.users.sorted(by: { $0.value < $1.value }) {
            let verbs = Role.standard.first { $0.name == role }?.verbs ?? Self.thumbnailer
            let doors = Set(
                verbs.flatMap { $0.doors.count == 1 ? Array($0.doors).map(\.name) : [] })
            // What would end the test is not asked by who may; the suites of keys and seals do that.
            let asked = operations.filter { $0.verb != .sealVault || !verbs.contains(.sealVault) }
            let answers = try Self.ask(vault, asked, uid: uid)
            #expect(answers.count == asked.count)
            for (operation, answer) in zip(asked, answers) {
                let isAllowed =
                    doors.contains(operation.door)
                    && (operation.verb.map(verbs.contains) ?? true)
                #expect(
                    (answer == "403 not-permitted") == !isAllowed,
                    "\(role): \(operation.method) \(operation.path) at \(operation.door): \(answer)"
                )
            }
        }
        #expect(try vault.ask("GET", "/v1/health", door: "admin").status == 200)
    }

    @Test("tells each verb from each other: who has one has that one alone")
    func singleVerbs() throws {
        let operations = Self.operations()
        // A policy has no room for so many roles.
        let all = Array(Self.single)
        for half in [all.prefix(all.count / 2), all.suffix(from: all.count / 2)] {
            let vault = try vault(Self.policy(ofSingle: half))
            for (verb, uid) in half {
                let own = operations.filter { verb.doors.map(\.name).contains($0.door) }
                try expect(vault, own, uid: uid, [verb], verb.rawValue)
            }
            #expect(try vault.ask("GET", "/v1/health", door: "admin").status == 200)
            try vault.stop()
        }
    }

    /// Asks for each operation as this user, and compares what is answered with what these verbs allow.
    private func expect(
        _ vault: TestVault, _ operations: [Operation], uid: Int, _ verbs: Set<VerbName>,
        _ who: String
    ) throws {
        let doors = Set(
            verbs.flatMap { $0.doors.count == 1 ? Array($0.doors).map(\.name) : [] })
        // What would end the test is not asked by who may; the suites of keys and seals do that.
        let asked = operations.filter { $0.verb != .sealVault || !verbs.contains(.sealVault) }
        let answers = try Self.ask(vault, asked, uid: uid)
        #expect(answers.count == asked.count)
        for (operation, answer) in zip(asked, answers) {
            let isAllowed =
                doors.contains(operation.door) && (operation.verb.map(verbs.contains) ?? true)
            #expect(
                (answer == "403 not-permitted") == !isAllowed,
                "\(who): \(operation.method) \(operation.path) at \(operation.door): \(answer)")
        }
    }

    /// Each operation's status and code, by one process of this user.
    private static func ask(
        _ vault: TestVault, _ operations: [Operation], uid: Int
    ) throws -> [String] {
        let script = """
            import json, os, socket, sys
            os.setgroups([]); os.setgid(54_322); os.setuid(int(sys.argv[1]))
            folder = sys.argv[2]
            for line in sys.argv[3].splitlines():
                method, target, name = line.split()
                door = socket.socket(socket.AF_UNIX)
                door.settimeout(\(Patience.seconds))
                door.connect(f"{folder}/{name}.sock")
                door.sendall(f"{method} {target} HTTP/1.1\\r\\nHost: vault\\r\\nContent-Length: 0\\r\\n\\r\\n".encode())
                answer = door.makefile("rb")
                status, length, refused = int(answer.readline().split()[1]), 0, ""
                while (field := answer.readline().strip().lower()):
                    if field.startswith(b"content-length:"): length = int(field.split(b":")[1])
                body = b"" if method == "HEAD" else answer.read(length)
                if status >= 400: refused = json.loads(body)["code"] if body else "not-permitted" * (status == 403)
                print(status, refused, flush=True)
            """
        let lines = operations.map { "\($0.method) \(target($0.path)) \($0.door)" }
        let asking = try ChildProcess(
            "python3", ["-c", script, "\(uid)", vault.folder.root, lines.joined(separator: "\n")])
        #expect(try asking.wait() == .exited(0), "\(asking.errors)")
        return asking.output.split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    @Test(
        "another file is in force at once, is an event with its digest, and a faulty one changes nothing"
    )
    func reload() throws {
        let vault = try vault(Self.policy())
        let stranger = 51_100
        func status() throws -> Int { try PeerTests.ask(vault, uid: stranger).status }
        #expect(try status() == 403)
        let first = try vault.vaultctlJSON(["policy", "show"])["digest"].text
        let started = try #require(
            try vault.events().first { $0["action"].text == "service.started" })
        #expect(started["statement"].text == first)

        try write(Self.policy("  late: {users: [\"\(stranger)\"], roles: [backend-read]}\n"), vault)
        #expect(try status() == 403, "not before somebody says so")
        #expect(try vault.vaultctl("policy", "reload").ending == .exited(0))
        #expect(try status() == 200)
        let second = try vault.vaultctlJSON(["policy", "show"])["digest"].text
        #expect(second != first)
        let changes = try vault.events().filter { $0["action"].text == "policy.changed" }
        #expect(changes.map { $0["statement"].text } == [second])
        #expect(changes.first?["uid"].number == 0)

        try write(Self.policy("  worse: {users: [\"51101\"], roles: [boss]}\n"), vault)
        let refused = try vault.ask("POST", "/v1/policy/reload", door: "admin")
        #expect(refused.code == "policy-refused")
        #expect(refused.json["detail"].text?.contains("line 12: there is no role \"boss\"") == true)
        #expect(try status() == 200)

        try write(Self.policy(), vault)
        try #require(vault.daemon).signal(SIGHUP)
        try eventually("the policy before") { try status() == 403 }
        try write("version: 1\n", vault)
        try #require(vault.daemon).signal(SIGHUP)
        try eventually("the refusal by SIGHUP") {
            try vault.events().count { $0["code"].text == "policy-refused" } == 2
        }
        let all = try vault.events().filter { $0["action"].text == "policy.changed" }
        #expect(
            all.filter { $0["outcome"].text == "done" }.map { $0["statement"].text } == [
                second, first,
            ])
        #expect(
            all.filter { $0["outcome"].text == "refused" }.map { $0["code"].text } == [
                "policy-refused", "policy-refused",
            ])
    }

    @Test("that others may write, or that is not in order, keeps the daemon from starting")
    func startup() throws {
        let vault = try vault(Self.policy())
        _ = try vault.stop()
        let arguments = ["--set", "policy_file=\(vault.folder.path("policy.yaml"))"]
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: vault.folder.path("policy.yaml"))
        #expect(try vault.refusalToStart(arguments: arguments).contains("nobody else may write it"))
        try write("version: 1\nprincipals: {}\n", vault)
        #expect(try vault.refusalToStart(arguments: arguments).contains("policy-refused"))
        try write(Self.policy(), vault)
        let both = arguments + ["--set", "doors.images.users=0"]
        #expect(
            try vault.refusalToStart(arguments: both).contains(
                "doors.images.users is said by policy_file"))
    }

    @Test("is tried out by vaultctl before it is in force")
    func command() throws {
        let vault = try vault(Self.policy())
        let file = vault.folder.path("policy.yaml")
        let vaultctl = Machine.program("vaultctl")
        let shown = try run(vaultctl, ["policy", "check", file])
        #expect(shown.ending == .exited(0) && shown.output.contains("p-thumbnailer"))
        func explain(_ arguments: String...) throws -> (ending: Ending, output: String) {
            let run = try vault.vaultctl(["policy", "explain"] + arguments)
            return (run.ending, run.output)
        }
        #expect(try explain("p-backend-read", "images.get").ending == .exited(0))
        let no = try explain("p-backend-read", "images.put")
        #expect(no.ending == .exited(5))
        #expect(no.output.contains("backend-read, which does not have images.put"))
        #expect(try explain("nobody", "images.put").ending == .exited(5))
        #expect(try explain("root", "log.read", "--file", file).ending == .exited(0))
        try write("version: 1\nprincipals:\n  a: {users: [root], roles: [admon]}\n", vault)
        let refused = try run(vaultctl, ["policy", "check", file])
        #expect(
            refused.ending == .exited(1)
                && refused.errors.contains("line 3: there is no role \"admon\""))
    }
}
