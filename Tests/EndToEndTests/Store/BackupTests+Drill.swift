// What a drill takes for a backup that does not hold.

import Foundation
import Testing

extension BackupTests {
    func holdDrill(
        by secret: String? = nil
    ) throws -> (ending: Ending, output: String, errors: String) {
        try vault.vaultctl(
            "drill", backups, "--keys", escrow, "--key", vault.publicKey, "--secret-file",
            secret ?? vault.rootKey, "--directory", folder.root, "--all")
    }

    @Test("a drill fails where a case, the copied keyring or any manifest does not hold")
    func badDrills() throws {
        _ = try vault.store(Sample.jpeg(1))
        _ = try vault.vaultctlJSON(["incidents", "open", "--reason", "a drill"])
        try takeKeys()
        let snapshot = try #require(try backUp()["backup"].text)
        let place = "\(backups)/snapshots/\(snapshot)"
        #expect(try holdDrill().ending == .exited(0))

        let evidence = try #require(Disk.files(below: "\(place)/cases").first)
        let bytes = try Disk.read(evidence)
        try Disk.remove(evidence)
        let withoutCase = try holdDrill()
        #expect(withoutCase.ending == .exited(7), "\(withoutCase.errors)")
        #expect(withoutCase.output.contains("the cases of 1 incident"), "\(withoutCase.output)")
        try Disk.write(bytes, to: evidence)

        // A slot takes the key file, and what it opens was changed.
        let keyring = "\(escrow)/keyring"
        let end = try Disk.read(keyring).count - 1
        try Disk.flip(keyring, at: end)
        let changed = try holdDrill()
        #expect(changed.ending == .exited(7), "\(changed.errors)")
        #expect(changed.errors.contains("the copied keyring is damaged"), "\(changed.errors)")
        try Disk.flip(keyring, at: end)
        #expect(try holdDrill().ending == .exited(0))

        // It may be newer than the one that holds.
        _ = try vault.store(Sample.jpeg(2))
        let newest = try #require(try backUp()["backup"].text)
        try Disk.write("no manifest", to: "\(backups)/snapshots/\(newest)/manifest")
        let unknown = try holdDrill()
        #expect(unknown.ending == .exited(7), "\(unknown.errors)")
        #expect(unknown.errors.contains("\(newest)/manifest does not hold"), "\(unknown.errors)")

        let events = try vault.events().filter { $0["action"].text == "backup.drilled" }
        let outcomes = events.map { $0["outcome"].text }
        #expect(outcomes == ["done", "failed", "failed", "done", "failed"])
    }

    @Test("who looks through a backup can be ended by a signal")
    func endable() throws {
        let programs = folder.path("programs")
        for directory in [programs, backups] {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false)
        }
        // Written by another process: nobody here has it open when it is run. No shell: some block nothing by themselves.
        let script = """
            cp "$1" "$2/vaultctl"
            printf '#!/usr/bin/python3\\nprint(open("/proc/self/status").read())\\n' > "$2/vaultverify"
            chmod 755 "$2/vaultverify"
            """
        let made = try run("sh", ["-c", script, "sh", Machine.program("vaultctl"), programs])
        #expect(made.ending == .exited(0), "\(made.errors)")
        let told = try run(
            "\(programs)/vaultctl", ["backup", "verify", backups, "--key", vault.publicKey])
        let blocked = told.output.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
        #expect(blocked == "SigBlk:\t0000000000000000", "\(told.errors)")
    }
}
