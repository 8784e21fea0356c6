// A vault of which a doctor says as little as he can on this machine, and what he says of it.

import Foundation
import Glibc

final class Patient {
    let vault: TestVault
    private let elsewhere: OtherDisk
    private var expected: [String: String] = [:]
    private let secondKey: String

    var anchor: [String] { ["--set", "audit.anchor_file=\(elsewhere.path("anchor"))"] }
    /// What a start is given unless something is to be wrong.
    var arguments: [String] { anchor + twoPerson }
    var twoPerson: [String] { ["--set", "two_person=holds"] }
    /// Where the key is; the settings name a link to it.
    var rootKey: String { elsewhere.path("keys/root.key") }
    var keyDirectory: String { elsewhere.path("keys") }
    var policy: String { vault.folder.path("policy.yaml") }
    var programs: String { vault.folder.path("bin") }
    /// Programs that the settings name, copies of the test's own.
    var inspector: String { "\(programs)/vaultinspect" }
    var pager: String { "\(programs)/page" }

    /// - Parameter stateDirectory: where the state is; in the vault's folder unless given.
    init(stateDirectory: String? = nil, in folder: TestFolder? = nil) throws {
        elsewhere = try OtherDisk()
        let folder = try folder ?? TestFolder()
        let keys = [
            "keys.root_key_file=\(elsewhere.path("keys/root.key"))",
            "keys.log_key_file=\(elsewhere.path("keys/log.key"))",
        ]
        let link = folder.path("root-key")
        let served =
            keys + [
                "keys.root_key_file=\(link)",
                "inspectors.program=\(folder.path("bin/vaultinspect"))",
                "alerts.command=\(folder.path("bin/page"))",
            ]
        vault = try TestVault(
            settings: "policy_file: \"\(folder.path("policy.yaml"))\"\n",
            arguments: served.flatMap { ["--set", $0] }, starting: false,
            initArguments: keys.flatMap { ["--set", $0] }, stateDirectory: stateDirectory,
            in: folder)
        secondKey = elsewhere.path("second.key")
        try FileManager.default.createSymbolicLink(
            atPath: link, withDestinationPath: elsewhere.path("keys/root.key"))
        try copyPrograms()
        try writePolicy()
        vault.firstDoor = "admin"
        try vault.start(arguments: arguments)
        let kept = elsewhere.path("anchor")
        try eventually("an anchor") { Disk.exists(kept) }
        _ = try run(Machine.program("vaultd"), ["new-key-file", secondKey])
        try addSlot()
        _ = try vault.vaultctlJSON(["backups", "register"])
        expected = try found()
    }

    private func copyPrograms() throws {
        try FileManager.default.createDirectory(
            atPath: programs, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        // By another process: a child that another test starts meanwhile would have the copy open for writing, and nobody
        // could run it then.
        let copied = try run("cp", [Machine.program("vaultinspect"), inspector])
        guard copied.ending == .exited(0) else { throw TestFailure("cp: \(copied.errors)") }
        try Disk.write("#!/bin/sh\ncat > /dev/null\n", to: pager)
        for program in [inspector, pager] { _ = unsafe chmod(program, 0o755) }
    }

    /// The second way in.
    func addSlot() throws {
        _ = try vault.vaultctlJSON(["slots", "add", "--label", "b", "--secret-file", secondKey])
        try prove()
    }

    func removeSlot() throws {
        let slots = try vault.vaultctlJSON(["slots", "list"])["slots"].list
        guard slots.count == 2, let id = slots[1]["id"].text else {
            throw TestFailure("\(slots.count) slots")
        }
        let (ending, _, errors) = try vault.vaultctl("slots", "remove", id)
        guard ending == .exited(0) else { throw TestFailure("slots remove: \(errors)") }
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
    ///
    /// - Parameter deputy: another principal, where there is one.
    func writePolicy(
        web: String = "users: [4001], roles: [store]", ops: String? = nil,
        audit: String = "users: [4003], roles: [auditor]", deputy: String? = nil
    ) throws {
        let ops = ops ?? "users: [\(getuid()), 4002], roles: [admin]"
        try Disk.write(
            """
            version: 1
            roles:
              store: [images.put, images.get, images.delete]
              half: [policy.read, policy.reload, quarantine.approve]
            principals:
              web: { \(web), tokens: true }
              ops: { \(ops) }
              audit: { \(audit) }
            \(deputy.map { "  deputy: { \($0) }\n" } ?? "")
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
