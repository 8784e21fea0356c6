// Kills of a real daemon at its durable steps while it changes keys, with uploads and readings beside it.
// KeyKillTests does every step of the rules in memory; this is the same with the disk, SQLite and the kernel.

import Foundation
import Glibc
import Synchronization
import Testing
import VaultTestKit

/// What is killed, and how it is begun.
struct KilledWork: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let target: String
    var body: String?
    /// Whether an epoch has to be emptied first; then its number takes the place of N in the target.
    var needsEmptyEpoch = false
    /// Whether an operation does it.
    var isOperation = true

    static let all = [
        KilledWork(testDescription: "rotate", target: "/v1/keys/rotate"),
        KilledWork(
            testDescription: "rotate the root", target: "/v1/keys/rotate-root", isOperation: false),
        KilledWork(
            testDescription: "rotate the log's key", target: "/v1/keys/rotate-log-key",
            isOperation: false),
        KilledWork(testDescription: "re-encrypt", target: "/v1/keys/reencrypt", body: "{}"),
        KilledWork(
            testDescription: "destroy an epoch", target: "/v1/keys/epochs/N/destroy", body: "{}",
            needsEmptyEpoch: true, isOperation: false),
    ]
}

@Suite(
    "A kill at the durable steps of what changes keys",
    .enabled(if: Machine.has("clang"), "clang is not installed"))
struct KillTests {
    private static let fast = ["--set", "operations.share=100"]
    /// Every step, with `IMAGEVAULT_KILL_STEPS=all`; else some, ever further apart.
    private static let isWhole =
        ProcessInfo.processInfo.environment["IMAGEVAULT_KILL_STEPS"] == "all"

    @Test(
        "loses nothing that was acknowledged, and the work comes to its end",
        arguments: KilledWork.all)
    func kills(work: KilledWork) throws {
        let vault = try TestVault(starting: false)
        try vault.start(arguments: Self.fast)
        var stored: [String: [UInt8]] = [:]
        for number in 0..<6 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        try vault.stop()
        var (step, gap, kills) = (1, 1, 0)
        while try killed(work, vault, step: step, &stored) {
            kills += 1
            step += gap
            if !Self.isWhole { gap += step > 3 ? gap / 2 + 1 : 0 }
            try #require(step < 1000)
        }
        print("\(work): killed \(kills) times, up to step \(step)")
        #expect(kills > 2)
        try vault.stop()
        #expect(try Catalog.integrity(vault.catalog) == "ok")
    }

    /// - Returns: whether it came to the kill.
    private func killed(
        _ work: KilledWork, _ vault: TestVault, step: Int, _ stored: inout [String: [UInt8]]
    ) throws -> Bool {
        let file = vault.folder.path("killswitch-\(step)")
        try vault.start(
            arguments: Self.fast,
            environment: ["LD_PRELOAD": try KillSwitch.library.get(), "KILLSWITCH_FILE": file])
        var target = work.target
        if work.needsEmptyEpoch {
            let primary = try primaryEpoch(vault)
            let rotated = try vault.ask("POST", "/v1/keys/rotate", door: "admin")
            #expect(try vault.finished(rotated.json)["state"].text == "done")
            target = target.replacing("N", with: "\(primary)")
        }
        try Disk.write("\(step)\n", to: file)
        let known = stored
        let diary = Mutex<[String: [UInt8]]>([:])
        let reader = Thread {
            for turn in 0..<3 {
                let image = Sample.jpeg(1000 + step * 10 + turn)
                guard let id = try? vault.store(image) else { return }
                diary.withLock { $0[id] = image }
                for (id, image) in known.prefix(2) {
                    guard let answer = try? vault.get(id), answer.status == 200 else { return }
                    #expect(answer.bytes == Bytes(image))
                }
            }
        }
        reader.start()
        let answer = try? vault.ask(
            "POST", target, body: work.body.map { Array($0.utf8) }, door: "admin")
        try awaitEnd(work, answer, vault)
        try eventually("the reader's end") { reader.isFinished }
        stored.merge(diary.withLock { $0 }) { $1 }
        // A kill that is under way comes before this signal.
        let ending = try vault.stop()
        let isKilled = ending == .killed(SIGKILL)
        #expect(isKilled || ending == .exited(0), "\(work), step \(step): \(ending)")
        try vault.start(arguments: Self.fast)
        try check(work, vault, stored, "\(work), step \(step)")
        try vault.stop()
        return isKilled
    }

    /// Waits for the daemon's end, or for that of the work.
    private func awaitEnd(_ work: KilledWork, _ answer: Answer?, _ vault: TestVault) throws {
        let daemon = try #require(vault.daemon)
        guard let answer else {
            #expect(try daemon.wait() == .killed(SIGKILL), "\(work) is not answered")
            return
        }
        #expect([200, 202].contains(answer.status), "\(answer.summary)")
        guard work.isOperation else { return }
        try eventually("the end of the work") {
            if daemon.poll() != nil { return true }
            let state = try? vault.operation(answer.json)["state"].text
            return ["done", "failed", "cancelled"].contains(state ?? "")
        }
    }

    private func primaryEpoch(_ vault: TestVault) throws -> Int {
        let epochs = try vault.ask("GET", "/v1/keys", door: "admin").json["epochs"].list
        return try #require(epochs.first { $0["state"].text == "primary" }?["number"].number)
    }

    private func check(
        _ work: KilledWork, _ vault: TestVault, _ stored: [String: [UInt8]], _ place: String
    ) throws {
        try eventually("the end of what was begun") {
            let listed = try vault.ask("GET", "/v1/operations", door: "admin").json["operations"]
            return listed.list.allSatisfy { $0["state"].text == "done" }
        }
        for (id, image) in stored {
            #expect(try vault.get(id).bytes == Bytes(image), "\(place): \(id)")
        }
        let keys = try vault.ask("GET", "/v1/keys", door: "admin").json
        let counts = try Catalog.counts(vault.catalog)
        let wraps = (counts["image"] ?? 0) + (counts["reference"] ?? 0)
        #expect(counts["wrap"] == wraps, "\(place)")
        for epoch in keys["epochs"].list {
            let wanted = epoch["state"].text == "primary" ? wraps : 0
            #expect(epoch["wraps"].number == wanted, "\(place)")
        }
        try eventually("the sweep of leftover blobs") {
            try vault.blobs.count == Catalog.blobs(vault.catalog).count
        }
        let indexes = try vault.events().map { $0["index"].number }
        #expect(indexes == Array(0..<indexes.count), "\(place)")
        try checkSigner(vault, place)
    }

    /// The key that signs is the one that the log's last succession names, or the first.
    private func checkSigner(_ vault: TestVault, _ place: String) throws {
        let successions = try vault.events().filter {
            $0["action"].text == "log-key.rotated" && $0["outcome"].text == "done"
        }
        var file = vault.publicKey
        if let note = successions.last?["note"].text {
            file = vault.folder.path("signer.pub")
            try Disk.write(String(note.split(separator: "\n")[3]) + "\n", to: file)
        }
        let note = try vault.ask("GET", "/v1/checkpoint", door: "audit").body
        _ = try SignedCheckpoint(Array(note), AuditKey(file: file))
    }
}

/// What kills a daemon at a chosen step, compiled once.
enum KillSwitch {
    private static let folder: Result<TestFolder, any Error> = Result { try TestFolder() }

    static let library: Result<String, any Error> = Result {
        let library = try folder.get().path("killswitch.so")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../KillSwitch/killswitch.c").standardized.path
        let (ending, _, errors) = try run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard ending == .exited(0) else { throw TestFailure("killswitch.c: \(errors)") }
        return library
    }
}
