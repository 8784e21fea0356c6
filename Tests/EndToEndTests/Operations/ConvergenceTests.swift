// An archive whose verdicts are of an older inspector, brought up to today's by vaultctl.

import Foundation
import Testing

@Suite("Re-inspection below a version")
struct ConvergenceTests {
    private static let fast = ["--set", "operations.share=100"]
    private static let strict = fast + ["--set", "validation.max_pixels=4096"]

    @Test("leaves no verdict below it, but of what would now be refused, until that is quarantined")
    func converges() throws {
        let vault = try TestVault()
        let images = (0..<5).map { Sample.jpeg($0) }
        let ids = try images.map { try vault.store($0) }
        let large = try vault.store(Sample.large, name: "large.png")
        try vault.stop()
        let version = try vault.age(Array(ids.prefix(3)) + [large])
        try vault.start(arguments: Self.strict)
        #expect(try vault.versions().values.filter { $0 < version }.count == 4)

        let first = try Self.reinspect(vault, below: version)
        #expect(Self.counts(first) == [4, 4, 1, 0])
        #expect(try vault.versions().filter { $0.value < version }.map(\.key) == [large])
        // Nothing else is looked at again.
        let second = try Self.reinspect(vault, below: version, "--quarantine")
        #expect(Self.counts(second) == [1, 1, 1, 0])
        let third = try Self.reinspect(vault, below: version)
        #expect(Self.counts(third) == [0, 0, 0, 0])

        for (id, image) in zip(ids, images) { #expect(try vault.get(id).bytes == Bytes(image)) }
        #expect(try vault.get(large).code == "quarantined")
    }

    @Test("leaves the verdicts alone in a trial, and looks at nothing that is not below")
    func trial() throws {
        let vault = try TestVault()
        let old = try vault.store(Sample.jpeg(1))
        _ = try vault.store(Sample.jpeg(2))
        try vault.stop()
        let version = try vault.age([old])
        try vault.start(arguments: Self.fast)
        let trial = try Self.reinspect(vault, below: version, "--dry-run")
        #expect(Self.counts(trial) == [1, 1, 0, 0])
        #expect(try vault.versions()[old] == version - 1)
        let real = try Self.reinspect(vault, below: version)
        #expect(Self.counts(real) == [1, 1, 0, 0])
        #expect(try vault.versions()[old] == version)
    }

    private static func reinspect(
        _ vault: TestVault, below version: Int, _ more: String...
    ) throws -> JSON {
        try vault.vaultctlJSON(["reinspect", "--below", "\(version)", "--wait"] + more)
    }

    private static func counts(_ operation: JSON) -> [Int?] {
        ["total", "done", "found", "failures"].map { operation[$0].number }
    }
}

extension TestVault {
    /// Gives images of a stopped vault the verdict of the inspector before this one, with authenticators
    /// that its own key makes.
    ///
    /// - Returns: this inspector's version.
    fileprivate func age(_ images: [String]) throws -> Int {
        let script = """
            import sqlite3
            state, key, *images = sys.argv[1:]
            data, text = open(state + "/keyring", "rb").read(), open(key).read()
            _, _, entries = vectors.open_file(data, vectors.parse_key_text(text))
            mac = next(one["key"] for one in entries if one["purpose"] == 2)
            db = sqlite3.connect(state + "/catalog.sqlite")
            db.row_factory = sqlite3.Row
            for row in map(dict, db.execute("SELECT * FROM image").fetchall()):
                version = row["inspector"]
                row |= {"image": row["image"].hex(), "blob": row["blob"].hex()}
                if row["image"] in images:
                    assert vectors.row_mac(mac, vectors.image_row(row)) == row["mac"]
                    row["inspector"] -= 1
                    made = vectors.row_mac(mac, vectors.image_row(row))
                    db.execute("UPDATE image SET inspector = ?, mac = ? WHERE id = ?",
                               (row["inspector"], made, row["id"]))
            db.commit()
            print(version)
            """
        let version = try SecondImplementation.run(script, [state, rootKey] + images)
        return try #require(Int(version.trimmingCharacters(in: .newlines)))
    }

    /// The inspector's version in every image's verdict.
    fileprivate func versions() throws -> [String: Int] {
        let page = try ask("GET", "/v1/images").json["images"].list
        return try page.reduce(into: [:]) { versions, image in
            let id = try #require(image["id"].text)
            versions[id] = image["verdict"]["inspector"].number
        }
    }
}
