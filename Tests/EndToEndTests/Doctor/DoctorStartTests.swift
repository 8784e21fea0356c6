// What doctor says of a daemon that was started otherwise: with other settings, on a later day, in another world.

import Foundation
import Testing

extension DoctorTests {
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

    @Test("takes a credential's mode for what it is", .enabled(if: Machine.isRoot))
    func credential() throws {
        let patient = try Patient()
        let vault = patient.vault
        let memory = try OtherDisk()
        defer { withExtendedLifetime(memory) {} }
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
}
