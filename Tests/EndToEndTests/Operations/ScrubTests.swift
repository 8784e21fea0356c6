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
        #expect(try vault.vaultctl("status").output.contains("last scrub 20"))
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

    @Test("killed in the middle it goes on, and opens everything")
    func killed() throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=1"])
        // More than one step has.
        let count = 300
        for number in 0..<count { _ = try vault.store(Sample.jpeg(number)) }
        let started = try vault.vaultctlJSON(["check", "--contents"])
        try eventually("progress") { (try vault.operation(started)["done"].number ?? 0) > 0 }
        let half = try vault.operation(started)
        #expect(half["state"].text == "running" && half["done"].number ?? count < count)
        try vault.crash()
        try vault.start(arguments: ["--set", "operations.share=100"])
        let whole = try vault.finished(started)
        #expect(whole["state"].text == "done")
        #expect(whole["done"].number == count && whole["failures"].number == 0)
    }

    @Test("is what the vault does by itself when a week is over")
    func scheduled() throws {
        let vault = try TestVault()
        _ = try vault.store(Sample.jpeg(1))
        let before = try vault.vaultctlJSON(["status"])
        #expect(before["care"]["verified"].text == nil)
        #expect(try #require(before["care"]["unverified_seconds"].number) >= 0)
        #expect(try #require(before["requests"]["stored"].number) >= 1)
        try vault.stop()
        try vault.start(environment: try OtherWorld.days(8))
        try eventually("a scrub that came to its end") {
            try vault.vaultctlJSON(["status"])["care"]["verified"].text != nil
        }
        let events = try vault.events().filter { $0["work"].text == "scrub" }
        #expect(events.first?["action"].text == "operation.started")
        #expect(events.first?["uid"].number == nil, "nobody asked for it")
        #expect(events.last?["action"].text == "operation.ended")
    }
}
