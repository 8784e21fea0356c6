// Several that work on one directory of backups, and a snapshot in it that is damaged.

import Foundation
import Glibc
import Testing

@Suite("One directory of backups, several that work on it")
struct SharedBackupTests {
    private let folder: TestFolder
    private let vault: TestVault
    private let backups: String

    init() throws {
        folder = try TestFolder()
        vault = try TestVault(in: folder)
        backups = folder.path("backups")
    }

    private func snapshots() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(backups)/snapshots")) ?? [])
            .filter { $0.count == 32 }
    }

    private func follow() throws -> ChildProcess {
        let child = try vault.startVaultctl(["backup", backups, "--follow", "--every", "1"])
        try eventually("the first snapshot") { snapshots().count == 1 }
        return child
    }

    private func state(_ id: String) throws -> String? {
        try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
            .first { $0["id"].text == id }?["state"].text
    }

    @Test("while one follows, every other verb works on the directory")
    func others() throws {
        _ = try vault.store(Sample.jpeg(1))
        let child = try follow()
        for words in [
            ["ls", backups], ["refresh", backups], ["forget", backups, "--keep-last", "1"],
        ] {
            let told = try vault.vaultctl(["backup"] + words)
            #expect(told.ending == .exited(0), "\(words): \(told.errors)")
        }
        let verified = try run(
            Machine.program("vaultctl"), ["backup", "verify", backups, "--key", vault.publicKey])
        #expect(verified.ending == .exited(0), "\(verified.errors)")
        // What the others did makes another round.
        let before = snapshots()
        _ = try vault.store(Sample.jpeg(2))
        try eventually("another snapshot") { !snapshots().allSatisfy(before.contains) }
        #expect(child.poll() == nil, "\(child.errors)")
    }

    @Test("nothing goes while somebody reads, and the following goes on after him")
    func reader() throws {
        _ = try vault.store(Sample.jpeg(1))
        let child = try follow()
        // As a drill does.
        let reader = unsafe open(backups, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        try #require(reader >= 0)
        try eventually("the directory between two rounds") {
            flock(reader, LOCK_SH | LOCK_NB) == 0
        }
        let before = snapshots()
        _ = try vault.store(Sample.jpeg(2))
        try eventually("a round that finds it taken") {
            child.errors.contains("another vaultctl works on")
        }
        #expect(snapshots() == before)
        #expect(try vault.vaultctl("backup", "ls", backups).ending == .exited(0))
        close(reader)
        try eventually("another snapshot") { snapshots().count == 1 && snapshots() != before }
        #expect(child.poll() == nil, "\(child.errors)")
    }

    @Test("a damaged manifest is named, stands in nobody's way, and goes by its directory's name")
    func damaged() throws {
        _ = try vault.store(Sample.jpeg(1))
        let first = try #require(try vault.vaultctlJSON(["backup", backups])["backup"].text)
        let second = try #require(try vault.vaultctlJSON(["backup", backups])["backup"].text)
        try Disk.write("nothing", to: "\(backups)/snapshots/\(first)/manifest")
        // What a crash left.
        let left = "\(backups)/snapshots/" + String(repeating: "ab", count: 16) + ".gone"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
        let listed = try vault.vaultctl("backup", "ls", backups)
        #expect(listed.ending == .exited(0), "\(listed.errors)")
        #expect(listed.output.contains(second) && !listed.output.contains(first))
        #expect(listed.errors.contains("\(first)/manifest does not hold"), "\(listed.errors)")
        let refreshed = try vault.vaultctl("backup", "refresh", backups)
        #expect(refreshed.ending == .exited(0), "\(refreshed.errors)")
        #expect(!Disk.exists(left))
        #expect(try state(first) == "kept")
        #expect(try state(second) == "expired")
        let forgotten = try vault.vaultctl("backup", "forget", backups, first)
        #expect(forgotten.ending == .exited(0), "\(forgotten.errors)")
        #expect(forgotten.output.contains("\(first)  damaged"), "\(forgotten.output)")
        #expect(!snapshots().contains(first))
        #expect(try state(first) == "expired")
    }
}
