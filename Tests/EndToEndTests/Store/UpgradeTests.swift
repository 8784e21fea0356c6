// What released versions stored, opened by the programs of today. Tools/release-state makes one for each release.

import Foundation
import Testing

@Suite("What released versions stored")
struct UpgradeTests {
    private static let released = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Released").path

    private static let versions = Disk.files(below: released)
        .map { String($0.dropFirst(released.count + 1)) }.filter { $0.hasSuffix(".tar.gz") }

    @Test("there is one for this version or one before")
    func some() { #expect(Self.versions.contains("0.1.0.tar.gz")) }

    @Test(
        "is brought forward: all comes back, what was gone stays gone, and the log is whole",
        arguments: versions)
    func opened(version: String) throws {
        let vault = try TestVault(unpacking: "\(Self.released)/\(version)")
        let expected = JSON.parse(
            String(decoding: try Disk.read(vault.folder.path("images/expect.json")), as: UTF8.self))
        try vault.start()
        for image in expected["images"].list {
            var fields: [String] = []
            for (name, key) in [("Vault-Owner", "owner"), ("Vault-Job", "job")] {
                if let value = image[key].text { fields.append("\(name): \(value)") }
            }
            let file = try Disk.read(
                vault.folder.path("images/\(try #require(image["file"].text))"))
            let id = try #require(image["id"].text)
            #expect(try vault.get(id, fields).body == file, "\(version): \(fields)")
        }
        let gone = try #require(expected["gone"].text)
        #expect(try vault.get(gone, ["Vault-Job: gone"]).status == 404)
        let quarantined = try #require(expected["quarantined"].text)
        #expect(try vault.get(quarantined).json["code"].text == "quarantined")
        let held = try #require(expected["held"].text)
        #expect(try vault.delete(held).json["code"].text == "held")
        // The log goes on where it was, and still contains what was taken away then.
        let bundle = vault.folder.path("now.bundle")
        let exported = try vault.vaultctl("audit", "export", "-o", bundle, door: "audit")
        #expect(exported.ending == .exited(0), "\(exported.errors)")
        let verified = try vault.verify(
            "bundle", bundle, "--key", vault.publicKey, "--known",
            vault.folder.path("checkpoint"))
        #expect(verified.ending == .exited(0), "\(verified.output) \(verified.errors)")
        let check = try vault.vaultctl("check", "--contents", "--wait")
        #expect(check.ending == .exited(0), "\(check.output) \(check.errors)")
        // And it works.
        let new = try vault.store(Sample.jpeg(1))
        #expect(try vault.get(new).body == Sample.jpeg(1))
        #expect(try vault.vaultctl("keys", "rotate", "--wait").ending == .exited(0))
        #expect(try vault.get(new).body == Sample.jpeg(1))
    }
}
