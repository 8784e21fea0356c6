// Incidents as an admin and an auditor handle them: at the sockets, with the programs, over kills and restarts.

import Crypto
import Foundation
import Testing

@Suite("Incidents", .serialized)
struct IncidentTests {
    private static let photo = Sample.jpeg()

    private func opened(
        _ vault: TestVault, principal: String? = "images"
    ) throws -> String {
        let who = principal.map { ["--principal", $0] } ?? []
        let made = try vault.vaultctlJSON(
            ["incidents", "open", "--reason", "reads at night"] + who)
        return try #require(made["id"].text)
    }

    private func contain(_ vault: TestVault, _ id: String, _ grade: String) throws {
        let (ending, _, errors) = try vault.vaultctl("incidents", "contain", id, grade)
        guard ending == .exited(0) else { throw TestFailure("contain: \(errors)") }
    }

    @Test("a case is sealed first, exported by an auditor alone, and verified without the vault")
    func evidence() throws {
        let vault = try TestVault()
        let image = try vault.store(Self.photo, ["Vault-Actor: user:8421"])
        for _ in 0..<3 { _ = try vault.get(image, ["Vault-Actor: user:17"]) }
        let id = try opened(vault)
        let file = "\(vault.state)/cases/\(id).case"
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let sealed = try Disk.read(file)
        for words in ["user:8421", "image.put", "images", "reads at night"] {
            #expect(Data(sealed).range(of: Data(words.utf8)) == nil, "\(words)")
        }
        let event = try #require(
            try vault.events().last { $0["action"].text == "incident.opened" })
        let digest = SHA256.hash(data: sealed).map { String(format: "%02x", $0) }.joined()
        #expect(event["statement"].text == digest && event["incident"].text == id)
        let folder = vault.folder.path("case")
        #expect(
            try vault.vaultctl("incidents", "export", id, "--output", folder).ending
                != .exited(0))
        let export = try vault.vaultctl(
            ["incidents", "export", id, "--output", folder], door: "audit")
        #expect(export.ending == .exited(0), "\(export.errors)")
        let held = try vault.verify("bundle", "\(folder)/log.bundle", "--key", vault.publicKey)
        #expect(held.ending == .exited(0), "\(held.errors)")
        #expect(held.output.contains("all of the range"))
        let bundle = String(decoding: try Disk.read("\(folder)/log.bundle"), as: UTF8.self)
        // Who asked stands there as a pseudonym, and nothing else of the request does.
        #expect(bundle.contains("\"action\":\"read.begun\"") && !bundle.contains("user:17"))
        let manifest = JSON.parse(
            String(decoding: try Disk.read("\(folder)/manifest.json"), as: UTF8.self))
        #expect(manifest["incident"].text == id && manifest["settings"].text?.count == 64)
        let census = String(decoding: try Disk.read("\(folder)/census.jsonl"), as: UTF8.self)
        #expect(census.contains(#"{"of":"vault","images":1"#) && census.contains("epoch"))
        let changed = try run("sed", ["-i", "s/read.begun/read.ended/", "\(folder)/log.bundle"])
        #expect(changed.ending == .exited(0))
        #expect(
            try vault.verify("bundle", "\(folder)/log.bundle", "--key", vault.publicKey).ending
                == .exited(1))
    }

    @Test("a principal that is contained stays so over a kill, and lifting gives all of it back")
    func contained() throws {
        let vault = try TestVault()
        let image = try vault.store(Self.photo)
        let id = try opened(vault)
        try contain(vault, id, "suspend")
        for _ in 0..<2 {
            let refused = try vault.get(image)
            #expect(refused.status == 403 && refused.code == "suspended")
            #expect(try vault.put(Sample.jpeg(2)).code == "suspended")
            #expect(try vault.ask("GET", "/v1/whoami").status == 200)
            #expect(try vault.ask("GET", "/v1/health").status == 200)
            #expect(try vault.ask("GET", "/v1/status", door: "admin").status == 200)
            try vault.crash()
            try vault.start()
        }
        try contain(vault, id, "read-only")
        #expect(try vault.get(image).body == Self.photo)
        #expect(try vault.delete(image).code == "suspended")
        let event = try #require(
            try vault.events().last { $0["code"].text == "suspended" })
        #expect(event["action"].text == "image.delete" && event["outcome"].text == "refused")
        try contain(vault, id, "throttle")
        let heard = try (0..<20).map { _ in try vault.get(image).status }
        #expect(heard.contains(200) && heard.contains(429))
        let lifted = try vault.vaultctlJSON(["incidents", "lift", id])
        #expect(lifted["containment"].text == nil)
        for _ in 0..<20 { #expect(try vault.get(image).status == 200) }
        #expect(try vault.store(Sample.jpeg(2)) != image)
        let shown = try vault.vaultctl("incidents", "show", id)
        #expect(shown.output.contains("\"grade\":\"throttle\""), "\(shown.output)")
        #expect(
            try vault.vaultctl("incidents", "close", id, "--note", "a job").ending == .exited(0))
        let list = try vault.vaultctl("incidents", "list")
        #expect(list.output.contains("closed ") && list.output.contains("reads at night"))
        let check = try vault.vaultctl("check", "--wait")
        #expect(check.ending == .exited(0), "\(check.errors)")
    }

    @Test("the last who may lift a containment is never contained, nor is who is not there")
    func lastAdmin() throws {
        let vault = try TestVault()
        let id = try opened(vault, principal: "admin")
        let (ending, _, errors) = try vault.vaultctl("incidents", "contain", id, "suspend")
        #expect(ending != .exited(0) && errors.contains("Nobody would be left"), "\(errors)")
        #expect(try vault.ask("GET", "/v1/status", door: "admin").status == 200)
        let unknown = try vault.vaultctl(
            "incidents", "open", "--principal", "moon", "--reason", "x")
        #expect(unknown.ending != .exited(0) && unknown.errors.contains("no such principal"))
        let nobody = String(repeating: "0", count: 32)
        #expect(try vault.vaultctl("incidents", "show", nobody).errors.contains("no such incident"))
    }

    @Test("the vault is sealed by an incident until somebody unseals it, also over a restart")
    func seals() throws {
        let vault = try TestVault()
        let image = try vault.store(Self.photo)
        let id = try opened(vault, principal: nil)
        try contain(vault, id, "seal")
        #expect(try vault.get(image).code == "sealed")
        try vault.crash()
        try vault.start()
        #expect(try vault.get(image).code == "sealed")
        #expect(try vault.unseal(Disk.read(vault.rootKey)).status == 200)
        #expect(try vault.get(image).body == Self.photo)
        let list = try vault.vaultctlJSON(["incidents", "list"])
        #expect(list["id"].text == id && list["containment"].text == nil)
        let ended = try #require(
            try vault.events().last { $0["action"].text == "containment.ended" })
        #expect(ended["reason"].text == "unsealed" && ended["uid"].number == nil)
    }

    @Test("a seal whose end has come is over at the next start, where a key file opens the vault")
    func sealEnds() throws {
        let vault = try TestVault()
        let image = try vault.store(Self.photo)
        try contain(vault, opened(vault, principal: nil), "seal")
        try vault.stop()
        let mark = "\(vault.state)/sealed"
        let words = String(decoding: try Disk.read(mark), as: UTF8.self)
        #expect(words.contains("until 20"))
        // As if it had been long ago.
        let year = try #require(words.range(of: "until 20"))
        try Disk.write(words.replacingCharacters(in: year, with: "until 19"), to: mark)
        try vault.start()
        try eventually("unsealed") { try vault.get(image).status == 200 }
        #expect(!Disk.exists(mark))
    }

    @Test("somebody is told of it by command, syslog and socket, and nothing waits for who is not")
    func alerts() throws {
        let folder = try TestFolder()
        let script = folder.path("page")
        try Disk.write(
            "#!/bin/sh\n(env; echo \"args=$*\"; cat) > \(folder.path("paged.new"))\n"
                + "mv \(folder.path("paged.new")) \(folder.path("paged"))\n", to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
        let listener = try ChildProcess(
            "python3", ["-c", Self.listener, folder.path("log"), folder.path("http")])
        defer { try? listener.crash() }
        try eventually("listeners") { listener.output.contains("ready") }
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                alerts:
                  command: ["\(script)", oncall]
                  syslog: "\(folder.path("log"))"
                  socket: "\(folder.path("http"))"
                  path: /alerts

                """, in: folder)
        let id = try opened(vault)
        let paged = try eventually("the command") { () -> String? in
            guard Disk.exists(folder.path("paged")) else { return nil }
            return String(decoding: try Disk.read(folder.path("paged")), as: UTF8.self)
        }
        #expect(paged.contains("args=oncall") && paged.contains("\"incident\":\"\(id)\""))
        #expect(!paged.contains("IMAGEVAULT") && !paged.contains("HOME="))
        try eventually("the others") {
            listener.output.contains("POST /alerts") && listener.output.contains("<81>vaultd[")
        }
        #expect(listener.output.components(separatedBy: id).count == 3, "\(listener.output)")
        let sent = try eventually("events") { () -> Set<String>? in
            let told = try vault.events().filter { $0["action"].text == "alert.sent" }
            return told.count < 3 ? nil : Set(told.compactMap { $0["alert"].text })
        }
        #expect(sent == ["command", "socket", "syslog"])
        let metrics = String(
            decoding: try vault.ask("GET", "/v1/metrics", door: "admin").body, as: UTF8.self)
        #expect(
            metrics.contains(
                "imagevault_alerts_total{place=\"command\",outcome=\"sent\"} 1"), "\(metrics)")
    }

    /// Prints what a datagram socket and an HTTP socket are sent.
    private static let listener = """
        import os, select, socket, sys
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); log.bind(sys.argv[1])
        http = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); http.bind(sys.argv[2]); http.listen()
        print('ready', flush=True)
        while True:
            for one in select.select([log, http], [], [])[0]:
                if one is log:
                    print(log.recv(65536).decode(), flush=True)
                else:
                    peer, _ = http.accept()
                    text = b''
                    while b'}' not in text:
                        text += peer.recv(65536)
                    print(text.decode(), flush=True)
                    peer.sendall(b'HTTP/1.1 204 No Content\\r\\n\\r\\n'); peer.close()
        """

    @Test("who cannot be told is tried a few times, and then the log and the metrics say so")
    func untold() throws {
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                alerts:
                  command: [/bin/false]

                """)
        let id = try opened(vault)
        // Nothing waits for it.
        #expect(try vault.store(Self.photo).count == 64)
        let failed = try eventually("the event") {
            try vault.events().last { $0["action"].text == "alert.failed" }
        }
        #expect(failed["incident"].text == id && failed["alert"].text == "command")
        #expect(failed["outcome"].text == "failed")
        try eventually("the metric") {
            String(decoding: try vault.ask("GET", "/v1/metrics", door: "admin").body, as: UTF8.self)
                .contains("imagevault_alerts_total{place=\"command\",outcome=\"failed\"} 1")
        }
    }

    @Test(
        "an alarm opens one, and contains a principal where the settings say so, but none for a name"
    )
    func alarms() throws {
        let vault = try TestVault(
            settings: """
                validation:
                  level: structure
                incidents:
                  containment: { canary-read: suspend }
                  minutes: 30

                """)
        let id = try vault.store(Self.photo)
        #expect(try vault.vaultctl("canary", "plant", id).ending == .exited(0))
        func incidents() throws -> [JSON] {
            let answer = try vault.ask("GET", "/v1/incidents", door: "admin")
            return answer.json["incidents"].list
        }
        // Of whom the backend says that he asks, everybody can make up the name.
        #expect(try vault.get(id, ["Vault-Actor: mallory"]).status == 200)
        let named = try eventually("the first incident") { try incidents().first }
        #expect(named["cause"].text == "canary-read" && named["actor"].text?.count == 32)
        #expect(named["containment"]["grade"].text == nil)
        #expect(try vault.get(id).status == 200)
        try eventually("contained") { try vault.get(id).code == "suspended" }
        let found = try #require(try incidents().first)
        #expect(found["principal"].text == "images" && found["actor"].text == nil)
        #expect(found["containment"]["grade"].text == "suspend")
        let folder = vault.folder.path("case")
        let export = try vault.vaultctl(
            ["incidents", "export", #require(found["id"].text), "--output", folder], door: "audit")
        #expect(export.ending == .exited(0), "\(export.errors)")
        let held = try vault.verify("bundle", "\(folder)/log.bundle", "--key", vault.publicKey)
        #expect(held.ending == .exited(0), "\(held.errors)")
        let manifest = JSON.parse(
            String(decoding: try Disk.read("\(folder)/manifest.json"), as: UTF8.self))
        let seen = try vault.events().first {
            $0["index"].number == manifest["alarm_from"].number
        }
        #expect(seen?["image"].text == id)
    }

    @Test(
        "settings that mean nothing are refused in words",
        arguments: [
            ("incidents.containment.canary-read=seal", "throttle, suspend, read-only or none"),
            ("incidents.minutes=0", "must be 1 to 10080"),
            ("alerts.command=page", "absolute path"), ("alerts.path=/x", "needs alerts.socket"),
            ("alerts.syslog=dev/log", "absolute path"),
        ])
    func settings(flag: String, words: String) throws {
        let vault = try TestVault(starting: false)
        let refusal = try vault.refusalToStart(arguments: ["--set", flag])
        #expect(refusal.contains(words), "\(refusal)")
    }
}
