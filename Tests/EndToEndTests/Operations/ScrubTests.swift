// Everything that is stored, opened by a daemon that serves.

import Foundation
import Testing

@Suite("A check of contents")
struct ScrubTests {
    @Test("finds a flipped bit and a lost file, takes both out of reach, and ends with 7")
    func damage() throws {
        let vault = try TestVault()
        let first = try vault.store(Sample.jpeg(1))
        let second = try vault.store(Sample.jpeg(2))
        let sound = try vault.store(Sample.jpeg(3))
        let clean = try vault.vaultctl("check", "--contents", "--wait")
        #expect(clean.ending == .exited(0), "\(clean.errors)")
        #expect(try vault.vaultctl("status").output.contains("everything that was stored by"))
        #expect(try vault.metrics()["imagevault_scrub_oldest_unverified_seconds"] != nil)
        let blobs = vault.blobs.sorted()
        try Disk.flip(blobs[0], at: try Disk.read(blobs[0]).count - 1)
        try Disk.remove(blobs[1])
        let told = try vault.vaultctl("check", "--contents", "--wait")
        #expect(told.ending == .exited(7), "\(told.output) \(told.errors)")
        #expect(told.output.contains("blob-damaged") && told.output.contains("blob-missing"))
        let answers = try [first, second, sound].map { try vault.get($0) }
        #expect(answers.count { $0.status == 200 } == 1)
        #expect(answers.count { $0.json["code"].text == "quarantined" } == 2)
        let incidents = try vault.vaultctlJSON(["incidents", "list"])
        #expect(incidents["reason"].text?.contains("verify") == true, "\(incidents)")
        // Put back as it was, it can be released: nothing was made up in its place.
        #expect(vault.blobs.count == 2)
    }
}
