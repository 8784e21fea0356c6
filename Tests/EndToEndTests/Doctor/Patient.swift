// A vault of which a doctor says as little as he can on this machine, and what he says of it.

import Foundation
import Glibc

final class Patient {
    let vault: TestVault
    private let elsewhere: OtherDisk
    private var expected: [String: String] = [:]
    private let secondKey: String

    var anchor: [String] { ["--set", "audit.anchor_file=\(elsewhere.path("anchor"))"] }
    var rootKey: String { elsewhere.path("keys/root.key") }
    var policy: String { vault.folder.path("policy.yaml") }

    /// - Parameter stateDirectory: where the state is; in the vault's folder unless given.
    init(stateDirectory: String? = nil, in folder: TestFolder? = nil) throws {
        elsewhere = try OtherDisk()
        let folder = try folder ?? TestFolder()
        let settings = [
            "keys.root_key_file=\(elsewhere.path("keys/root.key"))",
            "keys.log_key_file=\(elsewhere.path("keys/log.key"))",
        ].flatMap { ["--set", $0] }
        vault = try TestVault(
            settings: "policy_file: \"\(folder.path("policy.yaml"))\"\n", arguments: settings,
            starting: false, initArguments: settings, stateDirectory: stateDirectory, in: folder)
        secondKey = elsewhere.path("second.key")
        try writePolicy()
        vault.firstDoor = "admin"
        try vault.start(arguments: anchor)
        let kept = elsewhere.path("anchor")
        try eventually("an anchor") { Disk.exists(kept) }
        _ = try run(Machine.program("vaultd"), ["new-key-file", secondKey])
        _ = try vault.vaultctlJSON(["slots", "add", "--label", "b", "--secret-file", secondKey])
        try prove()
        _ = try vault.vaultctlJSON(["backups", "register"])
        expected = try found()
    }

    /// Tries each way in.
    func prove() throws {
        for (file, keys) in [
            ([], [rootKey, secondKey]), (["--log-key"], [elsewhere.path("keys/log.key")]),
        ] {
            let slots = try vault.vaultctlJSON(["slots", "list"] + file)["slots"].list
            // Slots are listed in the order in which they were made.
            for (slot, key) in zip(slots, keys) {
                guard let id = slot["id"].text else { throw TestFailure("a slot without id") }
                _ = try vault.vaultctlJSON(["slots", "prove", id, "--secret-file", key])
            }
        }
    }

    /// Roots of this test are the admins; nobody else is anybody here.
    func writePolicy(
        web: String = "users: [4001], roles: [store]", ops: String? = nil,
        audit: String = "users: [4003], roles: [auditor]"
    ) throws {
        let ops = ops ?? "users: [\(getuid()), 4002], roles: [admin]"
        try Disk.write(
            """
            version: 1
            roles:
              store: [images.put, images.get, images.delete]
            principals:
              web: { \(web), tokens: true }
              ops: { \(ops) }
              audit: { \(audit) }

            """, to: policy)
        _ = unsafe chmod(policy, 0o644)
    }

    /// What is not well.
    func found() throws -> [String: String] {
        let (_, output, errors) = try vault.vaultctl("doctor", "--json")
        let checks = JSON.parse(output)["checks"].list
        guard !checks.isEmpty else { throw TestFailure("no result: \(errors)") }
        return checks.reduce(into: [:]) { found, check in
            guard let id = check["id"].text, let verdict = check["verdict"].text, verdict != "ok"
            else { return }
            found[id] = verdict
        }
    }

    /// What a fault makes of it: its check, and no other.
    ///
    /// - Throws: ``TestFailure`` where the check said that before, and would show nothing.
    func expected(with item: String, _ verdict: String?) throws -> [String: String] {
        guard verdict == nil || expected[item] != verdict else {
            throw TestFailure("\(item) was \(expected[item] ?? "") before")
        }
        return expected.merging([item: verdict ?? ""]) { $1 }.filter { !$0.value.isEmpty }
    }

    func isWellHere(_ item: String) -> Bool { expected[item] == nil }
    var healthy: [String: String] { expected }
}

/// A directory in memory: on another disk than a test's folder.
final class OtherDisk {
    private let root: String

    init() throws {
        var template = Array("/dev/shm/iv-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw TestFailure("no directory in memory") }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { "\(root)/\(name)" }
}
