// `vaultctl check`, by the real programs: rows that were put back into SQLite's file are found.

import Foundation
import Testing
import VaultTestKit

@Suite("Checks against the log", .vault)
struct CheckTests {
    private static let fast = ["--set", "operations.share=100"]

    @Test("an image's rows, put back after its deletion, are named with the event that took them")
    func putBack() throws {
        let vault = try TestVault(arguments: Self.fast)
        let id = try vault.store(Sample.jpeg(1))
        let kept = try vault.store(Sample.jpeg(2))
        let sound = try vault.vaultctl("check", "--wait")
        #expect(sound.ending == .exited(0), "\(sound.output) \(sound.errors)")
        #expect(sound.output.contains("0 found  done"), "\(sound.output)")
        try vault.stop()
        let copy = vault.folder.path("copy.sqlite")
        try Disk.write(Catalog.whole(vault.catalog), to: copy)
        try vault.start()
        #expect(try vault.delete(id).status == 200)
        let deletion = try #require(
            vault.events().first { $0["action"].text == "image.delete" }?["index"].number)
        try vault.stop()
        try Catalog.putBack(id, from: copy, into: vault.catalog)
        try vault.start()
        // It is authentic, and its blob is gone.
        #expect(try vault.get(id).code == "blob-missing")
        let found = try vault.vaultctl("check", "--wait")
        #expect(found.ending == .exited(7), "\(found.errors)")
        #expect(
            found.output.split(separator: "\n").dropFirst()
                == ["\(id)  row-rolled-back  event \(deletion)"], "\(found.output)")
        #expect(try vault.get(kept).bytes == Bytes(Sample.jpeg(2)))
    }

    @Test("it begins once under one key, and a finding of no image is told as a record")
    func asked() throws {
        let vault = try TestVault(arguments: Self.fast)
        let key = ["Idempotency-Key: \"check-1\""]
        let begun = try vault.ask("POST", "/v1/checks", key, door: "admin")
        #expect(begun.status == 202, "\(begun.summary)")
        #expect(begun.json["kind"].text == "check")
        #expect(try vault.ask("POST", "/v1/checks", key, door: "admin").bytes == begun.bytes)
        #expect(try vault.ask("POST", "/v1/checks?x=1", door: "admin").code == "unknown-parameter")
        #expect(try vault.ask("POST", "/v1/checks", door: "images").code == "unknown-route")
        #expect(
            try vault.ask("POST", "/v1/checks", ["Origin: http://x"], door: "admin").code
                == "cross-site")
        #expect(try vault.finished(begun.json)["found"].number == 0)
        try vault.stop()
        try Catalog.change(vault.catalog, "UPDATE event SET action = 20 WHERE id = 1")
        try vault.start()
        let found = try vault.vaultctl("check", "--wait")
        #expect(found.ending == .exited(7), "\(found.output) \(found.errors)")
        #expect(found.output.contains("-  catalog-damaged  event 1"), "\(found.output)")
    }
}

extension Catalog {
    /// Puts an image's rows, with its claims and wraps, where they were in a copy.
    fileprivate static func putBack(_ image: String, from copy: String, into path: String) throws {
        let script = """
            import sqlite3, sys
            path, copy, image = sys.argv[1:]
            db = sqlite3.connect(path)
            db.execute("ATTACH ? AS old", (copy,))
            key = bytes.fromhex(image)
            row, wrap = db.execute("SELECT id, wrap FROM old.image WHERE image = ?", (key,)).fetchone()
            wraps = [wrap] + [r[0] for r in
                db.execute("SELECT wrap FROM old.reference WHERE image = ?", (row,))]
            for wrap in wraps:
                db.execute("INSERT OR REPLACE INTO wrap SELECT * FROM old.wrap WHERE id = ?", (wrap,))
                db.execute("DELETE FROM wrap_free WHERE id = ?", (wrap,))
            db.execute("INSERT INTO image SELECT * FROM old.image WHERE id = ?", (row,))
            db.execute("INSERT INTO reference SELECT * FROM old.reference WHERE image = ?", (row,))
            db.commit()
            """
        try python(script, [path, copy, image])
    }
}
