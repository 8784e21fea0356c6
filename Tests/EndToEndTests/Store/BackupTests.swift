// Backups of a vault that serves, and vaults that come back from them.

import Foundation
import Testing

@Suite("Backup and restore")
struct BackupTests {
    let folder: TestFolder
    let vault: TestVault
    let backups: String
    let escrow: String

    init() throws {
        folder = try TestFolder()
        let anchors = folder.path("anchors")
        try FileManager.default.createDirectory(
            atPath: anchors, withIntermediateDirectories: false)
        vault = try TestVault(
            settings: "audit:\n  anchor_file: \"\(anchors)/anchor\"\n", in: folder)
        backups = folder.path("backups")
        escrow = folder.path("escrow")
        try FileManager.default.createDirectory(atPath: escrow, withIntermediateDirectories: false)
    }

    var erasures: String { folder.path("anchors/anchor.erasures") }

    func backUp() throws -> JSON { try vault.vaultctlJSON(["backup", backups]) }

    func takeKeys() throws {
        let told = try vault.vaultctl("escrows", "export", escrow)
        #expect(told.ending == .exited(0), "\(told.errors)")
    }

    func restore(
        _ more: String...
    ) throws -> (ending: Ending, output: String, errors: String) {
        try run(
            Machine.program("vaultd"),
            [
                "restore", backups, "--config", vault.configuration, "--keys", escrow, "--key",
                folder.path("pinned.pub"),
            ] + more)
    }

    /// The machine's disk is gone: what is left is the backup, the keys, and the anchor.
    func lose() throws {
        try Disk.write(try Disk.read(vault.publicKey), to: folder.path("pinned.pub"))
        try vault.crash()
        try Disk.remove(vault.state)
    }

    @Test("the next snapshot fetches only what is new, and nothing in it is in clear")
    func incremental() throws {
        let first = try vault.store(Sample.jpeg(1), ["Vault-Owner: user_8421"])
        _ = try vault.store(Sample.jpeg(2))
        let made = try backUp()
        #expect((made["blobs"].number, made["fetched"].number) == (2, 2))
        _ = try vault.store(Sample.jpeg(3))
        let next = try backUp()
        #expect((next["blobs"].number, next["fetched"].number) == (3, 1))
        let names = try vault.ask("GET", "/v1/images/\(first)/metadata").json["name"].text
        #expect(names == "photo.jpg")
        for file in Disk.files(below: backups) {
            let bytes = Data(try Disk.read(file))
            for secret in ["photo.jpg", "user_8421"] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) in \(file)")
            }
        }
        let told = try run(
            Machine.program("vaultverify"), ["backup", backups, "--key", vault.publicKey])
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(told.output.contains("blobs         3 looked at"))
    }

    @Test("damage in a directory is found without the vault: a bit, a cut, a list, a signature")
    func damage() throws {
        _ = try vault.store(Sample.jpeg(1))
        let id = try #require(try backUp()["backup"].text)
        func check() throws -> String {
            let told = try run(
                Machine.program("vaultctl"),
                ["backup", "verify", backups, "--key", vault.publicKey])
            return told.ending == .exited(0) ? "" : told.errors
        }
        #expect(try check().isEmpty)
        let blob = try #require(Disk.files(below: "\(backups)/blobs").first)
        let places = [
            (blob, "is not as it came"),
            ("\(backups)/snapshots/\(id)/catalog.sqlite", "the catalog is not"),
            ("\(backups)/snapshots/\(id)/blobs", "the list of blobs is not"),
            ("\(backups)/snapshots/\(id)/manifest", "manifest"),
        ]
        for (path, words) in places {
            let before = try Disk.read(path)
            try Disk.flip(path, at: before.count / 2)
            let found = try check()
            #expect(!found.isEmpty, "\(path)")
            if words != "manifest" { #expect(found.contains(words), "\(found)") }
            try Disk.write(before, to: path)
        }
        try Disk.write(Array(try Disk.read(blob).dropLast()), to: blob)
        #expect(try check().contains("should have"))
        // The next backup fetches it again.
        #expect(try backUp()["fetched"].number == 1)
        #expect(try check().isEmpty)
    }

    @Test("what is forgotten is gone before the register says so, with its blobs")
    func forgetting() throws {
        let image = try vault.store(Sample.jpeg(1))
        let first = try #require(try backUp()["backup"].text)
        #expect(try vault.delete(image).status == 200)
        _ = try vault.store(Sample.jpeg(2))
        let second = try #require(try backUp()["backup"].text)
        #expect(Disk.files(below: "\(backups)/blobs").count == 2)
        let forgotten = try vault.vaultctl("backup", "forget", backups, "--keep-last", "1")
        #expect(forgotten.ending == .exited(0), "\(forgotten.errors)")
        #expect(forgotten.output.contains(first) && !forgotten.output.contains(second))
        #expect(Disk.files(below: "\(backups)/blobs").count == 1)
        let register = try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
        #expect(register.map { $0["state"].text } == ["expired", "kept"])
        let told = try vault.vaultctl("backup", "ls", backups)
        #expect(told.output.contains(second) && !told.output.contains(first))
        let refreshed = try vault.vaultctl("backup", "refresh", backups)
        #expect(refreshed.ending == .exited(0), "\(refreshed.errors)")
        let states = try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
            .map { $0["state"].text }
        #expect(states == ["expired", "expired", "kept"])
        // With the older ones the epoch before may go, and erasures reach level 2.
        let other = try vault.vaultctl("backup", "ls", folder.path("nowhere"))
        #expect(other.ending != .exited(0))
        #expect(!Disk.exists(folder.path("nowhere")))
    }

    @Test("an archive holds the same, and is a directory of backups once it is unpacked")
    func archive() throws {
        _ = try vault.store(Sample.jpeg(1))
        let child = try vault.startVaultctl(["backup", "-"])
        #expect(try child.wait() == .exited(0), "\(child.errors)")
        let packed = folder.path("vault.tar")
        try Disk.write(child.outputBytes, to: packed)
        try FileManager.default.createDirectory(
            atPath: backups, withIntermediateDirectories: false)
        let unpacked = try run("tar", ["-x", "-f", packed, "-C", backups])
        #expect(unpacked.ending == .exited(0), "\(unpacked.errors)")
        let told = try vault.verify("backup", backups, "--key", vault.publicKey)
        #expect(told.ending == .exited(0), "\(told.errors)")
        #expect(try backUp()["fetched"].number == 0)
    }

    @Test("an archive whose reader went is not called gone: nobody knows what he has")
    func brokenArchive() throws {
        _ = try vault.store(Sample.jpeg(1))
        // Into the catalog, which is longer than what a pipe holds.
        let (vaultctl, socket) = (Machine.program("vaultctl"), vault.socket("admin"))
        let words = "\(vaultctl) backup - --socket \(socket) | head -c 20000 > /dev/null"
        let broken = try run("bash", ["-c", "set -o pipefail; \(words)"])
        #expect(broken.ending != .exited(0))
        let register = try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
        #expect(register.count == 1)
        #expect(register.allSatisfy { $0["state"].text != "expired" })
    }

    @Test("a lost vault comes back bit by bit, without what was erased since, and without bearers")
    func restored() throws {
        let kept = try vault.store(Sample.jpeg(1), ["Vault-Job: keep"])
        let erased = try vault.store(Sample.jpeg(2))
        let shared = try vault.store(Sample.jpeg(3), ["Vault-Job: a"])
        _ = try vault.store(Sample.jpeg(3), ["Vault-Job: b"])
        try takeKeys()
        let backup = try #require(try backUp()["backup"].text)
        #expect(try vault.delete(erased).status == 200)
        #expect(try vault.delete(shared, ["Vault-Job: a"]).status == 200)
        let late = try vault.store(Sample.jpeg(4))
        try eventually("the list of erasures") {
            String(decoding: (try? Disk.read(erasures)) ?? [], as: UTF8.self)
                .split(separator: "\n").count { $0.hasPrefix("gone ") } == 2
        }
        try AnchorTests.settle(vault, folder.path("anchors/anchor"))
        try lose()
        let plan = try restore("--plan")
        #expect(plan.ending == .exited(0), "\(plan.errors)")
        for words in ["comes back    3 images", "what of 2 erased claims", "lost"] {
            #expect(plan.output.contains(words), "\(plan.output)")
        }
        #expect(!Disk.exists(vault.state))
        let told = try restore("--all", "--json")
        #expect(told.ending == .exited(0), "\(told.errors)")
        let report = JSON.parse(told.output)
        #expect((report["images"].number, report["claims"].number) == (2, 2))
        #expect((report["erased_claims"].number, report["erased_images"].number) == (2, 1))
        #expect((report["opened"].number, report["missing"].number) == (2, 0))
        // The anchor knows of a longer log: it is served only once somebody says that this one is meant.
        #expect(try vault.refusalToStart().contains("rolled-back"))
        let size = try #require(report["log_size"].number)
        try vault.start(arguments: ["--accept-rollback", "\(size)"])
        #expect(try vault.get(kept, ["Vault-Job: keep"]).body == Sample.jpeg(1))
        #expect(try vault.get(shared, ["Vault-Job: b"]).body == Sample.jpeg(3))
        #expect(try vault.get(shared, ["Vault-Job: a"]).status == 404)
        #expect(try vault.get(erased).status == 404)
        #expect(try vault.get(late).status == 404)
        let events = try vault.events()
        let restored = try #require(events.first { $0["action"].text == "vault.restored" })
        #expect(restored["statement"].text?.count == 64)
        // Its snapshot is still in the directory, and the register counts it.
        let register = try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
        #expect(register.map { $0["id"].text } == [backup])
        #expect(register.map { $0["state"].text } == ["kept"])
        // Whatever was opened before lay on another disk.
        try eventually("everything is opened") {
            let told = try vault.ask("GET", "/v1/operations", door: "admin").json
            return told["operations"].list.contains {
                $0["kind"].text == "scrub" && $0["state"].text == "done"
            }
        }
        let check = try vault.vaultctl("check", "--wait")
        #expect(check.ending == .exited(0), "\(check.output) \(check.errors)")
        // And it goes on: what is erased now is listed too.
        #expect(try vault.delete(kept, ["Vault-Job: keep"]).status == 200)
        try eventually("the list of the restored vault") {
            let lines = String(decoding: try Disk.read(erasures), as: UTF8.self)
                .split(separator: "\n")
            return lines.contains { $0.hasPrefix("restored ") }
                && lines.count { $0.hasPrefix("gone ") } >= 3
        }
    }

    @Test("a restore believes the pinned key alone, and never writes over a vault")
    func refused() throws {
        _ = try vault.store(Sample.jpeg(1))
        try takeKeys()
        let id = try #require(try backUp()["backup"].text)
        let other = try TestVault(starting: false)
        try Disk.write(try Disk.read(other.publicKey), to: folder.path("pinned.pub"))
        #expect(try restore().errors.contains("signed by no key"))
        try Disk.write(try Disk.read(vault.publicKey), to: folder.path("pinned.pub"))
        let busy = try restore()
        #expect(busy.ending != .exited(0))
        #expect(busy.errors.contains("is not empty"), "\(busy.errors)")
        try lose()
        // Another catalog of the same vault, and another keyring.
        let catalog = "\(backups)/snapshots/\(id)/catalog.sqlite"
        let bytes = try Disk.read(catalog)
        try Disk.flip(catalog, at: bytes.count / 2)
        #expect(try restore().errors.contains("not what the manifest says"))
        try Disk.write(bytes, to: catalog)
        let keyring = "\(escrow)/keyring"
        let keys = try Disk.read(keyring)
        try Disk.write(try Disk.read("\(other.state)/keyring"), to: keyring)
        #expect(try restore().errors.contains("not of the vault"))
        try Disk.write(keys, to: keyring)
        #expect(!Disk.exists(vault.state))
        #expect(try restore().ending == .exited(0))
    }

    @Test("a drill opens images by a slot, leaves nothing, and the doctor hears of it")
    func drill() throws {
        _ = try vault.store(Sample.jpeg(1))
        _ = try vault.store(Sample.jpeg(2))
        try takeKeys()
        _ = try backUp()
        // What one left that was killed.
        let left = folder.path("imagevault-drill")
        try FileManager.default.createDirectory(
            atPath: left, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        try Disk.write("a catalog", to: "\(left)/vault.restoring")
        let good = try holdDrill()
        #expect(good.ending == .exited(0), "\(good.errors)")
        #expect(good.output.contains("opened          2"), "\(good.output)")
        #expect(!Disk.exists(left))
        func doctor() throws -> String? {
            try vault.vaultctlJSON(["doctor"])["checks"].list
                .first { $0["id"].text == "restore-drill" }?["verdict"].text
        }
        #expect(try doctor() == "ok")
        // A wrong key shows nothing of the backup, and nobody is told that it does not hold.
        try Disk.write(String(repeating: "x", count: 32), to: folder.path("wrong.key"))
        let wrong = try holdDrill(by: folder.path("wrong.key"))
        #expect(wrong.errors.contains("could not be held"), "\(wrong.errors)")
        #expect(wrong.ending == .exited(1))
        #expect(!Disk.exists(left))
        let blob = try #require(Disk.files(below: "\(backups)/blobs").first)
        try Disk.flip(blob, at: try Disk.read(blob).count - 1)
        let bad = try holdDrill()
        #expect(bad.ending == .exited(7), "\(bad.errors)")
        #expect(bad.output.contains("blob-damaged"), "\(bad.output)")
        #expect(try doctor() == "warning")
        try Disk.flip(blob, at: try Disk.read(blob).count - 1)
        #expect(try holdDrill().ending == .exited(0))
        #expect(try doctor() == "ok")
        // One that does not even come to images. An older that would hold is not taken in its place.
        let newest = try #require(try backUp()["backup"].text)
        try Disk.flip("\(backups)/snapshots/\(newest)/blobs", at: 0)
        let worse = try holdDrill()
        #expect(worse.ending == .exited(7), "\(worse.errors)")
        #expect(!Disk.exists(left))
        #expect(try doctor() == "warning")
        let events = try vault.events().filter { $0["action"].text == "backup.drilled" }
        #expect(events.map { $0["outcome"].text } == ["done", "failed", "done", "failed"])
    }

    @Test("following makes one in the place of the last, and what a kill leaves is mended")
    func following() throws {
        _ = try vault.store(Sample.jpeg(1))
        let child = try vault.startVaultctl(["backup", backups, "--follow", "--every", "1"])
        func ids() -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: "\(backups)/snapshots")) ?? [])
                .filter { $0.count == 32 }
        }
        try eventually("the first") { ids().count == 1 }
        let first = ids()
        _ = try vault.store(Sample.jpeg(2))
        try eventually("another") {
            ids().count == 1 && ids() != first && Disk.files(below: "\(backups)/blobs").count == 2
        }
        child.signal(SIGKILL)
        _ = try child.wait()
        // As if it had been killed between making and telling.
        let left = "\(backups)/snapshots/" + String(repeating: "ab", count: 16) + ".part"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: false)
        #expect(try backUp()["blobs"].number == 2)
        #expect(!Disk.exists(left))
        let told = try vault.verify("backup", backups, "--key", vault.publicKey)
        #expect(told.ending == .exited(0), "\(told.errors)")
    }

    @Test("a snapshot that went before the register was told is told by the next backup")
    func halfGone() throws {
        _ = try vault.store(Sample.jpeg(1))
        let id = try #require(try backUp()["backup"].text)
        func state() throws -> String? {
            try vault.ask("GET", "/v1/backups", door: "admin").json["backups"].list
                .first { $0["id"].text == id }?["state"].text
        }
        // As if vaultctl had been killed when it had taken the snapshot away.
        let place = "\(backups)/snapshots/\(id)"
        try FileManager.default.removeItem(atPath: place)
        try FileManager.default.createDirectory(
            atPath: place + ".gone", withIntermediateDirectories: false)
        #expect(try state() == "kept")
        _ = try backUp()
        #expect(!Disk.exists(place + ".gone"))
        #expect(try state() == "expired")
    }
}
