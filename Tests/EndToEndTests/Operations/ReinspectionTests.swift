// Stored images under stricter rules than they came in under: found, counted, and counted once.

import Foundation
import Glibc
import Testing
import VaultTestKit

@Suite("Re-inspection of an archive", .vault)
struct ReinspectionTests {
    /// Pixels of the small samples, and of none that is larger.
    private static let strict = ["--set", "validation.max_pixels=4096"]
    private static let fast = ["--set", "operations.share=100"]
    private static let slow = ["--set", "operations.share=1"]

    @Test("finds what would now be refused, and what is damaged, and leaves the rest readable")
    func finds() throws {
        let vault = try TestVault()
        var stored: [String: [UInt8]] = [:]
        for number in 0..<30 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        let large = try vault.store(Sample.large, name: "large.png")
        let others = Set(vault.blobs)
        let damaged = try vault.store(Sample.png(77), name: "damaged.png")
        let blob = try #require(Set(vault.blobs).subtracting(others).first)
        try vault.stop()
        try Disk.flip(blob, at: 200)
        try vault.start(arguments: Self.strict + Self.fast)

        let operation = try vault.finished(try vault.inspect("{}"))
        #expect(operation["state"].text == "done")
        #expect(operation["total"].number == 32)
        #expect(operation["done"].number == 32)
        #expect(operation["found"].number == 1)
        #expect(operation["failures"].number == 1)
        let findings = try vault.findings(operation)
        #expect(findings.map { $0["image"].text } == [large, damaged])
        #expect(findings.map { $0["code"].text } == ["image-refused", "blob-damaged"])
        #expect(findings[0]["finding"]["code"].text == "dimensions-absurd")
        for (id, image) in stored { #expect(try vault.get(id).bytes == Bytes(image)) }
        #expect(try vault.get(large).bytes == Bytes(Sample.large))

        let events = try vault.events().filter { $0["operation"].text == operation["id"].text }
        #expect(events.first?["action"].text == "operation.started")
        #expect(events.first?["uid"].number == Int(getuid()))
        let end = events.last { $0["action"].text == "operation.ended" }
        #expect(end?["items"].number == 32)
        #expect(end?["found"].number == 1)
    }

    @Test("killed in the middle it goes on, and comes to the counts of one that was not")
    func killed() throws {
        let vault = try TestVault(arguments: Self.strict)
        for number in 0..<60 { _ = try vault.store(Sample.jpeg(number)) }
        try vault.stop()
        try vault.start(arguments: ["--set", "validation.max_pixels=50000000"])
        let large = try vault.store(Sample.large, name: "large.png")
        try vault.stop()
        try vault.start(arguments: Self.strict + Self.slow)
        let started = try vault.inspect("{}")
        for _ in 0..<2 {
            let before = try vault.operation(started)["done"].number ?? 0
            try eventually("progress") {
                (try vault.operation(started)["done"].number ?? 0) > before
            }
            try vault.crash()
            try vault.start(arguments: Self.strict + Self.slow)
        }
        #expect(try vault.operation(started)["state"].text == "running")
        try vault.crash()
        try vault.start(arguments: Self.strict + Self.fast)
        let operation = try vault.finished(started)
        #expect(operation["done"].number == 61)
        #expect(operation["found"].number == 1)
        #expect(operation["failures"].number == 0)
        #expect(try vault.findings(operation).map { $0["image"].text } == [large])
    }

    @Test("pauses, resumes and is cancelled when an admin says so")
    func steered() throws {
        let vault = try TestVault(arguments: Self.slow)
        for number in 0..<60 { _ = try vault.store(Sample.jpeg(number)) }
        let started = try vault.inspect("{}")
        try eventually("progress") { (try vault.operation(started)["done"].number ?? 0) > 0 }
        let paused = try vault.steer(started, "pause")
        #expect(paused.json["state"].text == "paused")
        let done = paused.json["done"].number
        #expect(done ?? 60 < 60)
        // A restart leaves it paused.
        try vault.stop()
        try vault.start(arguments: Self.fast)
        #expect(try vault.operation(started)["state"].text == "paused")
        #expect(try vault.operation(started)["done"].number == done)
        #expect(try vault.steer(started, "pause").code == "operation-conflict")
        #expect(try vault.steer(started, "resume").json["state"].text == "pending")
        #expect(try vault.finished(started)["done"].number == 60)
        #expect(try vault.steer(started, "resume").code == "operation-conflict")

        try vault.stop()
        try vault.start(arguments: Self.slow)
        let second = try vault.inspect("{\"trial\":true,\"level\":\"structure\"}")
        let id = try #require(second["id"].text)
        let cancelled = try vault.ask("DELETE", "/v1/operations/\(id)", door: "admin")
        #expect(cancelled.json["state"].text == "cancelled")
        let actions = try vault.events().compactMap { $0["action"].text }
        for action in ["operation.paused", "operation.resumed", "operation.cancelled"] {
            #expect(actions.contains(action), "\(action)")
        }
    }

    @Test("asked for twice under one key, also after a kill, it is begun once")
    func once() throws {
        let vault = try TestVault(arguments: Self.slow)
        for number in 0..<20 { _ = try vault.store(Sample.jpeg(number)) }
        let key = ["Idempotency-Key: \"8e03978e-40d5\""]
        let body = Array("{}".utf8)
        let first = try vault.ask("POST", "/v1/inspections", key, body: body, door: "admin")
        #expect(first.status == 202, "\(first.summary)")
        try vault.crash()
        try vault.start(arguments: Self.slow)
        let bare = ["Idempotency-Key: 8e03978e-40d5"]
        let again = try vault.ask("POST", "/v1/inspections", bare, body: body, door: "admin")
        #expect(again.status == 202)
        #expect(again.bytes == first.bytes)
        let other = try vault.ask(
            "POST", "/v1/inspections", key, body: Array("{\"trial\":true}".utf8), door: "admin")
        #expect(other.status == 422)
        #expect(other.code == "idempotency-key-reused")
        let listed = try vault.ask("GET", "/v1/operations", door: "admin").json["operations"].list
        #expect(listed.count == 1)
    }

    @Test(
        "what is no request for it is refused with its code",
        arguments: [
            ("", "invalid-body"), ("[]", "invalid-body"), ("{\"x\":1}", "invalid-body"),
            ("{\"below\":0}", "invalid-body"), ("{\"below\":1000000}", "invalid-body"),
            ("{\"level\":\"deep\"}", "invalid-body"), ("{\"trial\":1}", "invalid-body"),
        ])
    func refused(body: String, code: String) throws {
        let answer = try sharedVault().ask(
            "POST", "/v1/inspections", body: Array(body.utf8), door: "admin")
        #expect(answer.status == 400)
        #expect(answer.code == code)
    }

    @Test(
        "a key that is no key is refused",
        arguments: [
            "", "\"\"", "\"a", "a b", "a,b", "\"a\\\"b\"", String(repeating: "k", count: 65), "é",
        ])
    func keys(key: String) throws {
        let answer = try sharedVault().ask(
            "POST", "/v1/inspections", ["Idempotency-Key: \(key)"], body: Array("{}".utf8),
            door: "admin")
        #expect(answer.status == 400, "\(answer.summary)")
        #expect(answer.code == "invalid-header")
    }

    @Test("an operation that is not there is unknown, whatever its id looks like")
    func unknown() throws {
        let vault = try sharedVault()
        let none = String(repeating: "0", count: 32)
        for (method, target) in [
            ("GET", none), ("DELETE", none), ("POST", "\(none)/pause"), ("POST", "\(none)/resume"),
            ("GET", "\(none)/findings"), ("GET", "x"),
        ] {
            let answer = try vault.ask(method, "/v1/operations/\(target)", door: "admin")
            #expect(answer.status == 404, "\(method) \(target)")
            #expect(answer.code == "unknown-operation")
        }
        let wait = try vault.ask("GET", "/v1/operations/\(none)?wait=21", door: "admin")
        #expect(wait.code == "invalid-parameter")
    }

    @Test("vaultctl begins it, waits for it and shows what it found")
    func command() throws {
        let vault = try TestVault(arguments: Self.fast)
        _ = try vault.store(Sample.jpeg(1))
        let large = try vault.store(Sample.large, name: "large.png")
        try vault.stop()
        try vault.start(arguments: Self.strict)
        let begun = try vault.vaultctl("reinspect", "--all", "--wait", "--json")
        #expect(begun.ending == .exited(0), "\(begun.errors)")
        let operation = JSON.parse(begun.output)
        #expect(operation["state"].text == "done")
        let id = try #require(operation["id"].text)
        let shown = try vault.vaultctl("ops", "show", id)
        #expect(shown.output.contains("\(large)  dimensions-absurd at byte"))
        #expect(shown.output.contains("2 of 2"))
        let listed = try vault.vaultctl("ops", "ls")
        #expect(listed.output.contains("\(id)  reinspect  done"))
        #expect(try vault.vaultctl("ops", "wait", id).ending == .exited(0))
        #expect(try vault.vaultctl("ops", "pause", id).ending == .exited(1))
        #expect(
            try vault.vaultctl("ops", "show", String(repeating: "0", count: 32)).ending
                == .exited(4))
        #expect(try vault.vaultctl("reinspect").ending == .exited(64))
    }
}

extension Sample {
    /// A PNG of more pixels than the small ones have.
    static let large: [UInt8] = {
        var image = TestPNG.color
        image.width = 300
        image.height = 200
        return image.bytes
    }()
}

extension TestVault {
    /// Asks for a re-inspection.
    func inspect(_ body: String) throws -> JSON {
        let answer = try ask("POST", "/v1/inspections", body: Array(body.utf8), door: "admin")
        guard answer.status == 202 else { throw TestFailure("no inspection: \(answer.summary)") }
        return answer.json
    }

    func operation(_ started: JSON) throws -> JSON {
        try ask("GET", "/v1/operations/\(started["id"].text ?? "")", door: "admin").json
    }

    /// The operation at its end.
    func finished(_ started: JSON) throws -> JSON {
        let target = "/v1/operations/\(started["id"].text ?? "")?wait=1"
        return try eventually("the operation's end") {
            let answer = try ask("GET", target, door: "admin")
            let ends = ["done", "failed", "cancelled"]
            return ends.contains(answer.json["state"].text ?? "") ? answer.json : nil
        }
    }

    func findings(_ operation: JSON) throws -> [JSON] {
        try ask(
            "GET", "/v1/operations/\(operation["id"].text ?? "")/findings", door: "admin"
        ).json["findings"].list
    }

    func steer(_ operation: JSON, _ word: String) throws -> Answer {
        try ask("POST", "/v1/operations/\(operation["id"].text ?? "")/\(word)", door: "admin")
    }
}
