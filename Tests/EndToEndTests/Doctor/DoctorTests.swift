// Each fault is planted in a real vault, and the doctor names it and no other.

import Crypto
import Foundation
import Glibc
import Testing

@Suite("vaultctl doctor")
struct DoctorTests {
    /// What can be put wrong while the vault serves, and right again.
    struct Plant {
        let item: String
        let verdict: String
        let words: String
        let plant: () throws -> Void
        let undo: () throws -> Void

        init(
            _ item: String, _ verdict: String, _ words: String,
            _ plant: @escaping () throws -> Void,
            undo: @escaping () throws -> Void
        ) {
            self.item = item
            self.verdict = verdict
            self.words = words
            self.plant = plant
            self.undo = undo
        }
    }

    @Test("looks at the C libraries, and status tells their versions where it is asked to")
    func libraries() throws {
        let vault = try TestVault()
        let told = try vault.vaultctl("status", "--libraries")
        #expect(told.ending == .exited(0), "\(told.errors)")
        let names = [
            "libjpeg-turbo", "libmagic", "zlib", "libdeflate", "libseccomp", "libsodium", "SQLite",
        ]
        for name in names { #expect(told.output.contains("\(name) "), "\(told.output)") }
        #expect(try !vault.vaultctl("status").output.contains("libsodium"))
    }

    func check(_ patient: Patient, _ plants: [Plant]) throws {
        for plant in plants {
            try plant.plant()
            let (found, expected) = (
                try patient.found(), try patient.expected(with: plant.item, plant.verdict)
            )
            #expect(found == expected, "\(plant.item): \(plant.words)")
            try plant.undo()
            #expect(try patient.found() == patient.healthy, "\(plant.item) undone: \(plant.words)")
        }
    }

    static func mode(_ path: String, _ mode: UInt32) throws {
        guard unsafe chmod(path, mode) == 0 else { throw TestFailure("chmod \(path)") }
    }

    @Test("names each file that others may read or change, and nothing else")
    func files() throws {
        let patient = try Patient()
        let vault = patient.vault
        let plants = try [
            ("state-files", "\(vault.state)/catalog.sqlite", 0o644),
            ("state-files", "\(vault.state)/blobs/7f", 0o755),
            // The settings name a link to the key.
            ("key-files", patient.rootKey, 0o640),
            ("key-files", patient.keyDirectory, 0o777),
            ("settings-files", vault.configuration, 0o666),
            ("settings-files", patient.policy, 0o664),
            ("settings-files", patient.inspector, 0o775),
            ("settings-files", patient.pager, 0o757),
            ("settings-files", patient.programs, 0o777),
            ("sockets", vault.socket("audit"), 0o666),
            ("log-key-pinned", vault.publicKey, 0o666),
        ].map { (item, path, wrong) in
            let right = try Disk.mode(path)
            return Plant(item, "failure", path) {
                try Self.mode(path, UInt32(wrong))
            } undo: {
                try Self.mode(path, right)
            }
        }
        try check(patient, plants)
    }

    @Test("names what is wrong in the store, and nothing else")
    func store() throws {
        let patient = try Patient()
        let (vault, catalog) = (patient.vault, patient.vault.catalog)
        // An authenticator that does not hold is no proof.
        let proof = "UPDATE slot_proof SET proved = proved"
        let last = "WHERE id = (SELECT max(id) FROM event)"
        let future = "WHERE at > 432000000000 + (SELECT at FROM event WHERE id = 0)"
        var token = ""
        try check(
            patient,
            [
                Plant("slots-proved", "warning", "no proof") {
                    try Catalog.change(catalog, proof + " + 1")
                } undo: {
                    try Catalog.change(catalog, proof + " - 1")
                },
                Plant("clock", "failure", "an event of the future, and others behind it") {
                    try Catalog.change(catalog, "UPDATE event SET at = at + 864000000000 \(last)")
                    _ = try vault.vaultctlJSON(["slots", "list"])
                    _ = try vault.vaultctlJSON(["incidents", "list"])
                } undo: {
                    try Catalog.change(
                        catalog, "UPDATE event SET at = at - 864000000000 \(future)")
                },
                Plant("second-slot", "warning", "one way in") {
                    try patient.removeSlot()
                } undo: {
                    try patient.addSlot()
                },
                Plant("backup-age", "failure", "a row that nobody can read") {
                    try Catalog.change(catalog, "UPDATE backup SET state = -state")
                } undo: {
                    try Catalog.change(catalog, "UPDATE backup SET state = -state")
                },
                Plant("catalog-log", "warning", "a long one") {
                    guard unsafe truncate(catalog + "-wal", 100 << 20) == 0 else {
                        throw TestFailure("truncate")
                    }
                } undo: {
                    try eventually("a short log") {
                        _ = try Catalog.whole(catalog)
                        var facts = stat()
                        return unsafe stat(catalog + "-wal", &facts) == 0 && facts.st_size < 1 << 20
                    }
                },
                Plant("backup-age", "warning", "none is wanted") {
                    for backup in try vault.vaultctlJSON(["backups", "ls"])["id"].text.map({ [$0] })
                        ?? []
                    {
                        _ = try vault.vaultctlJSON(["backups", "expire", backup])
                    }
                } undo: {
                    _ = try vault.vaultctlJSON(["backups", "register"])
                },
                Plant("tokens", "warning", "one for too long") {
                    let made = try vault.vaultctlJSON([
                        "token", "create", "--principal", "web", "--days", "366",
                    ])
                    token = made["id"].text ?? ""
                } undo: {
                    _ = try vault.vaultctlJSON(["token", "revoke", token])
                },
                Plant("state-files", "failure", "a link") {
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(vault.state)/more", withDestinationPath: "/")
                } undo: {
                    try Disk.remove("\(vault.state)/more")
                },
            ])
    }

    @Test("names each rule of a policy that is too wide, and nothing else")
    func policies() throws {
        let patient = try Patient()
        let vault = patient.vault
        func policy(
            _ item: String, _ verdict: String, _ write: @escaping () throws -> Void
        ) -> Plant {
            func reload() throws {
                let (ending, _, errors) = try vault.vaultctl("policy", "reload")
                guard ending == .exited(0) else { throw TestFailure("\(item): \(errors)") }
            }
            return Plant(item, verdict, "the policy") {
                try write()
                try reload()
            } undo: {
                try patient.writePolicy()
                try reload()
            }
        }
        try check(
            patient,
            [
                policy("policy-erasure", "warning") {
                    try patient.writePolicy(web: "users: [4001], roles: [backend]")
                },
                policy("policy-doors", "warning") {
                    try patient.writePolicy(audit: "users: [4001, 4003], roles: [auditor]")
                },
                policy("policy-everybody", "failure") {
                    try patient.writePolicy(audit: "groups: [users], roles: [auditor]")
                },
                policy("policy-admins", "warning") {
                    try patient.writePolicy(ops: "users: [\(getuid())], roles: [admin]")
                },
                policy("two-person", "warning") {
                    try patient.writePolicy(
                        ops: "users: [\(getuid())], roles: [admin]",
                        deputy: "users: [4002], roles: [half]")
                },
            ])
    }

    @Test("names what the daemon was started with, and nothing else")
    func starts() throws {
        let patient = try Patient()
        let vault = patient.vault
        let copy = vault.folder.path("root.key")
        try Disk.write(try Disk.read(patient.rootKey), to: copy)
        try Self.mode(copy, 0o600)
        let here = "audit.anchor_file=\(vault.folder.path("anchor"))"
        let hostile = "inspectors.program=\(Machine.program("HostileWorker"))"
        func with(_ setting: String) -> [String] { patient.arguments + ["--set", setting] }
        let starts: [(item: String, verdict: String, [String], [String: String])] = [
            ("anchor", "warning", patient.twoPerson, [:]),
            ("two-person", "warning", patient.anchor, [:]),
            ("anchor-place", "warning", with(here), [:]),
            ("root-key-place", "warning", with("keys.root_key_file=\(copy)"), [:]),
            ("sandbox", "failure", with(hostile), [:]),
            ("libraries", "failure", patient.arguments, try OtherWorld.sqlite("3.39.1")),
            ("detection", "warning", with("detection.off=key-changes"), [:]),
            ("scrub-age", "warning", with("scrub.every_days=0"), [:]),
        ]
        for (item, verdict, arguments, environment) in starts {
            try vault.stop()
            try vault.start(arguments: arguments, environment: environment)
            if item == "anchor-place" {
                try eventually("an anchor") { Disk.exists(vault.folder.path("anchor")) }
            }
            let expected = try patient.expected(with: item, verdict)
            #expect(try patient.found() == expected, "\(item)")
        }
        try vault.stop()
        try vault.start(arguments: patient.arguments)
        #expect(try patient.found() == patient.healthy)
        let only = try vault.vaultctl("doctor", "--only", "sealed", "sockets")
        #expect(only.ending == .exited(0), "\(only.errors)")
        #expect(only.output.hasSuffix("\n2 checks: 0 failed, 0 warnings, 0 unknown, 2 ok\n"))
    }

    @Test("names what became too old, one after another")
    func ages() throws {
        let patient = try Patient()
        let vault = patient.vault
        let evidence = vault.folder.path("drill.txt")
        try Disk.write("it came back\n", to: evidence)
        func later(_ days: Int) throws {
            try vault.stop()
            try vault.start(arguments: patient.arguments, environment: try OtherWorld.days(days))
        }
        func register() throws { _ = try vault.vaultctlJSON(["backups", "register"]) }
        let made = try vault.vaultctlJSON(["incidents", "open", "--reason", "reads at night"])
        let incident = try #require(made["id"].text)
        #expect(try patient.found() == patient.healthy)
        // The daemon's own user opened it, as the vault does by itself, and nobody looks.
        try later(2)
        #expect(try patient.found() == patient.expected(with: "incidents", "warning"))
        #expect(try vault.vaultctl("incidents", "list").ending == .exited(0))
        #expect(try patient.found() == patient.healthy)
        try later(9)
        #expect(try patient.found() == patient.expected(with: "incidents", "warning"))
        let closed = try vault.vaultctl("incidents", "close", incident, "--note", "a job")
        #expect(closed.ending == .exited(0), "\(closed.errors)")
        #expect(try patient.found() == patient.healthy)
        try later(36)
        #expect(try patient.found() == patient.expected(with: "backup-age", "warning"))
        try register()
        let soon = Date(timeIntervalSinceNow: 50 * 86_400).formatted(.iso8601.year().month().day())
        let attested = try vault.vaultctlJSON([
            "doctor", "attest", "restore-drill", "--evidence", evidence, "--expires", soon,
        ])
        #expect(attested["bytes"].number == 13)
        #expect(try patient.found() == patient.expected(with: "restore-drill", nil))
        try later(60)
        // What nobody gave his word on before is now a word that ran out.
        let ranOut = patient.healthy.merging(["restore-drill": "warning"]) { $1 }
        #expect(try patient.found() == ranOut)
        try later(92)
        try register()
        let old = ["slots-proved": "warning"]
        #expect(try patient.found() == ranOut.merging(old) { $1 })
        try later(366)
        try patient.prove()
        try register()
        #expect(try patient.found() == ranOut.merging(["key-age": "warning"]) { $1 })
    }

    @Test("names a catalog whose settings somebody changed, and nothing else")
    func settings() throws {
        let patient = try Patient()
        let file = patient.vault.folder.path("pragma")
        try patient.vault.stop()
        try patient.vault.start(
            arguments: patient.arguments, environment: try OtherWorld.catalog(file))
        #expect(try patient.found() == patient.healthy)
        try check(
            patient,
            [("secure_delete", "FAST", "ON"), ("synchronous", "NORMAL", "FULL")].map {
                name, wrong, right in
                Plant("catalog-settings", "failure", name) {
                    try Disk.write("PRAGMA \(name) = \(wrong)", to: file)
                } undo: {
                    try Disk.write("PRAGMA \(name) = \(right)", to: file)
                }
            })
    }

    @Test("names a process that leaves cores, and where those are piped to")
    func dumpable() throws {
        let patient = try Patient()
        try patient.vault.stop()
        try patient.vault.start(
            arguments: patient.arguments, environment: try OtherWorld.dumpable())
        var expected = try patient.expected(with: "core-files", "failure")
        let pattern = String(
            decoding: try Disk.read("/proc/sys/kernel/core_pattern"), as: UTF8.self)
        if pattern.hasPrefix("|") { expected["core-pattern"] = "warning" }
        #expect(try patient.found() == expected)
    }

    @Test("names a log that cannot be written, and once it can be, that it could not")
    func log() throws {
        let patient = try Patient()
        let vault = patient.vault
        func state() throws -> String? {
            JSON.parse(try vault.vaultctl("status", "--json").output)["log"]["state"].text
        }
        // Another file lies where the catalog was.
        let aside = vault.folder.path("aside")
        try FileManager.default.moveItem(atPath: vault.catalog, toPath: aside)
        try FileManager.default.copyItem(atPath: aside, toPath: vault.catalog)
        #expect(try vault.vaultctl("incidents", "list").ending != .exited(0))
        try eventually("a log that is gone") { try state() == "replaced" }
        #expect(try patient.found() == patient.expected(with: "log", "failure"))
        try Disk.remove(vault.catalog)
        try FileManager.default.moveItem(atPath: aside, toPath: vault.catalog)
        try eventually("a log that goes on") { try state() == "writable" }
        #expect(try patient.found() == patient.expected(with: "outages", "warning"))
    }

    @Test("takes a credential's mode for what it is", .enabled(if: Machine.isRoot))
    func credential() throws {
        let patient = try Patient()
        let vault = patient.vault
        let memory = try OtherDisk()
        let directory = memory.path("credentials")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
        try Disk.write(try Disk.read(patient.rootKey), to: "\(directory)/root.key")
        try Self.mode("\(directory)/root.key", 0o440)
        try Self.mode(directory, 0o550)
        let arguments =
            patient.arguments + ["--set", "keys.root_key_file=\(directory)/root.key"]
        try vault.stop()
        try vault.start(arguments: arguments, environment: ["CREDENTIALS_DIRECTORY": directory])
        #expect(try patient.found() == patient.healthy)
        // Without a word of the service manager it is a file that a group may read.
        try vault.stop()
        try vault.start(arguments: arguments)
        #expect(try patient.found() == patient.expected(with: "key-files", "failure"))
    }

    @Test("is an event with counts and the digest of what was handed out")
    func event() throws {
        let vault = try TestVault()
        let told = try vault.ask("POST", "/v1/doctor", door: "admin")
        #expect(told.status == 200, "\(told.summary)")
        let event = try #require(try vault.events().last { $0["action"].text == "doctor.ran" })
        let digest = SHA256.hash(data: told.body).map { String(format: "%02x", $0) }.joined()
        #expect(event["statement"].text == digest)
        let counts = told.json["counts"]
        #expect(event["items"].number == told.json["checks"].list.count)
        #expect(event["found"] == counts["warning"] && event["failures"] == counts["failure"])
        // As the page says of --json.
        let (ending, output, _) = try vault.vaultctl("doctor", "--json")
        let again = try #require(try vault.events().last { $0["action"].text == "doctor.ran" })
        let line = Data(output.utf8.dropLast())
        #expect(
            again["statement"].text
                == SHA256.hash(data: line).map { String(format: "%02x", $0) }.joined())
        #expect(ending == .exited(counts["failure"] == .number(0) ? 0 : 7))
    }

    @Test("prints the worst first, and beneath what is not well what to do")
    func page() throws {
        let vault = try TestVault()
        _ = unsafe chmod(vault.configuration, 0o666)
        let (ending, output, errors) = try vault.vaultctl("doctor")
        #expect(ending == .exited(7), "\(errors)")
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("FAILED   settings-files") && lines[0].contains(" has mode 666"))
        #expect(lines[1].trimmingCharacters(in: .whitespaces).hasPrefix("-> chmod go-w"))
        let words = lines.map { $0.prefix { $0 != " " } }.filter { !$0.isEmpty && Int($0) == nil }
        let ranks = words.compactMap {
            ["FAILED", "WARNING", "unknown", "ok"].firstIndex(of: String($0))
        }
        #expect(ranks.count == words.count && ranks == ranks.sorted())
        #expect(lines.dropLast().last?.hasPrefix("43 checks: ") == true)
    }

    @Test("works on a sealed vault, and believes no row of it")
    func sealed() throws {
        let vault = try TestVault()
        _ = try vault.ask("POST", "/v1/seal", door: "admin")
        let told = try vault.ask("POST", "/v1/doctor", door: "admin")
        let verdicts = told.json["checks"].list.reduce(into: [String: String]()) {
            $0[$1["id"].text ?? ""] = $1["verdict"].text
        }
        #expect(verdicts["sealed"] == "warning" && verdicts["firewall"] == "unknown")
        #expect(verdicts["slots-proved"] == "unknown" && verdicts["sandbox"] == "ok")
        let word =
            #"{"item":"firewall","evidence":"\#(String(repeating: "0", count: 64))","#
            + #""bytes":1,"expires":"2999-01-01T00:00:00.000000Z"}"#
        let attested = try vault.ask(
            "POST", "/v1/doctor/attestations", body: Array(word.utf8), door: "admin")
        #expect(attested.code == "invalid-body", "\(attested.summary)")
    }

    @Test(
        "keeps somebody's word as its event says, for a time that ends, and finds one that is gone")
    func attests() throws {
        let vault = try TestVault()
        let evidence = vault.folder.path("report.pdf")
        let bytes = [UInt8](repeating: 7, count: 3_000_000)
        try Disk.write(bytes, to: evidence)
        func attest(_ item: String, _ day: String) throws -> (Ending, String, String) {
            try vault.vaultctl("doctor", "attest", item, "--evidence", evidence, "--expires", day)
        }
        let day = Date(timeIntervalSinceNow: 30 * 86_400).formatted(.iso8601.year().month().day())
        let made = try attest("penetration-test", day)
        #expect(made.0 == .exited(0), "\(made.2)")
        let digest = SHA256.hash(data: Data(bytes)).map { String(format: "%02x", $0) }.joined()
        #expect(made.1.contains(digest))
        let event = try #require(
            try vault.events().last { $0["action"].text == "attestation.made" })
        #expect(event["item"].text == "penetration-test" && event["statement"].text == digest)
        #expect(event["bytes"].number == bytes.count)
        #expect(event["until"].text == "\(day)T23:59:59.999999Z")
        let shown = try vault.vaultctl("doctor", "--only", "penetration-test").output
        #expect(shown.hasPrefix("ok ") && shown.contains(digest))
        for (item, day) in [
            ("swap", day), ("firewall", "2020-01-01"), ("firewall", "2999-01-01"),
            ("firewall", "soon"),
        ] {
            #expect(try attest(item, day).0 != .exited(0), "\(item) \(day)")
        }
        #expect(try vault.vaultctl("check", "--wait").ending == .exited(0))
        try Catalog.change(vault.catalog, "DELETE FROM attestation")
        let found = try vault.vaultctl("check", "--wait")
        #expect(found.ending == .exited(7) && found.output.contains("row-rolled-back"))
        let gone = try vault.vaultctl("doctor", "--only", "penetration-test").output
        #expect(gone.contains("nobody gave his word"))
    }
}
