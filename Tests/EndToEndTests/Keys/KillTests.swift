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

/// What every run of one work begins with.
private struct Trial {
    let work: KilledWork
    let target: String
    /// Stopped, and copied for each run.
    let vault: TestVault
    let stored: [String: [UInt8]]
}

/// How a run ended, and how many steps it came through.
private struct Ran {
    let isKilled: Bool
    let passed: Int
    /// Acknowledged images that are not given back.
    let lost: Int
}

@Suite(
    "A kill at the durable steps of what changes keys",
    .enabled(if: Machine.has("clang"), "clang is not installed"))
struct KillTests {
    /// Every step, with `IMAGEVAULT_KILL_STEPS=all`; else some.
    private static let isWhole =
        ProcessInfo.processInfo.environment["IMAGEVAULT_KILL_STEPS"] == "all"
    private static let sampledSteps = 8
    /// How often a step is tried before it is one that only some runs have: batches form as they may.
    private static let turns = 4

    @Test(
        "loses nothing that was acknowledged, and the work comes to its end",
        arguments: KilledWork.all)
    func kills(work: KilledWork) throws {
        let vault = try TestVault(arguments: ["--set", "operations.share=100"])
        var stored: [String: [UInt8]] = [:]
        for number in 0..<6 { stored[try vault.store(Sample.jpeg(number))] = Sample.jpeg(number) }
        var target = work.target
        if work.needsEmptyEpoch {
            target = target.replacing("N", with: "\(try primaryEpoch(vault))")
            let rotated = try vault.ask("POST", "/v1/keys/rotate", door: "admin")
            #expect(try vault.finished(rotated.json)["state"].text == "done")
        }
        try vault.stop()
        let trial = Trial(work: work, target: target, vault: vault, stored: stored)

        let undisturbed = try attempt(trial, at: nil)
        #expect(!undisturbed.isKilled)
        var (found, tried, lost) = (undisturbed.passed, 0, undisturbed.lost)
        var step = 1
        // The last step there is, is the last before one that no run has.
        while step <= found || Self.isWhole {
            let ran = try turns(trial, step)
            found = max(found, ran.passed)
            lost += ran.lost
            if ran.isKilled { tried += 1 }
            if step > found { break }
            try #require(step < 1000)
            step += Self.isWhole ? 1 : max(1, (undisturbed.passed - 1) / (Self.sampledSteps - 1))
        }
        print("\(work.testDescription): \(found) steps found, \(tried) tried, \(lost) images lost")
        #expect(Self.isWhole ? tried == found : tried > 2)
    }

    /// Runs until the kill comes, or a few times.
    private func turns(_ trial: Trial, _ step: Int) throws -> Ran {
        var all = Ran(isKilled: false, passed: 0, lost: 0)
        for _ in 0..<Self.turns where !all.isKilled {
            let ran = try attempt(trial, at: step)
            all = Ran(
                isKilled: ran.isKilled, passed: max(all.passed, ran.passed),
                lost: all.lost + ran.lost)
        }
        return all
    }

    /// Does the work on a copy of the vault, kills it at a step, or at none, and looks at what is left.
    private func attempt(_ trial: Trial, at step: Int?) throws -> Ran {
        let (work, vault) = (trial.work, try TestVault(copying: trial.vault))
        let killSwitch = try KillSwitch(in: vault.folder)
        try vault.start(environment: killSwitch.environment)
        try killSwitch.arm(at: step)
        let diary = Mutex(trial.stored)
        let backend = Thread {
            for turn in 0..<3 {
                let image = Sample.jpeg(1000 + turn)
                guard let id = try? vault.store(image) else { return }
                diary.withLock { $0[id] = image }
                for (id, image) in trial.stored.prefix(2) {
                    guard let answer = try? vault.get(id), answer.status == 200 else { return }
                    #expect(answer.bytes == Bytes(image))
                }
            }
        }
        backend.start()
        let answer = try? vault.ask(
            "POST", trial.target, body: work.body.map { Array($0.utf8) }, door: "admin")
        try awaitEnd(work, answer, vault)
        try eventually("the backend's end") { backend.isFinished }
        // A kill that is under way comes before this signal.
        let ending = try vault.stop()
        let place = "\(work.testDescription), step \(step ?? 0)"
        let isKilled = ending == .killed(SIGKILL)
        #expect(isKilled || ending == .exited(0), "\(place): \(ending)")
        try vault.start()
        let lost = try check(work, vault, diary.withLock { $0 }, place)
        if isKilled, !work.isOperation { try repeated(trial, vault, place) }
        try vault.stop()
        #expect(try Catalog.integrity(vault.catalog) == "ok", "\(place)")
        return Ran(isKilled: isKilled, passed: try killSwitch.passed, lost: lost)
    }

    /// Waits for the daemon's end, or for that of the work.
    private func awaitEnd(_ work: KilledWork, _ answer: Answer?, _ vault: TestVault) throws {
        let daemon = try #require(vault.daemon)
        guard let answer else {
            #expect(try daemon.wait() == .killed(SIGKILL), "\(work.testDescription)")
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

    /// What no operation brings to its end is asked for again.
    private func repeated(_ trial: Trial, _ vault: TestVault, _ place: String) throws {
        let answer = try vault.ask(
            "POST", trial.target, body: trial.work.body.map { Array($0.utf8) }, door: "admin")
        let epochs = try vault.ask("GET", "/v1/keys", door: "admin").json["epochs"].list
        let isDestroyed = epochs.contains { $0["state"].text == "destroyed" }
        #expect(isDestroyed == trial.work.needsEmptyEpoch, "\(place)")
        // Nothing is destroyed twice.
        #expect(
            answer.status == 200 || isDestroyed && answer.json["code"].text == "unknown-epoch",
            "\(place): \(answer.summary)")
    }

    private func primaryEpoch(_ vault: TestVault) throws -> Int {
        let epochs = try vault.ask("GET", "/v1/keys", door: "admin").json["epochs"].list
        return try #require(epochs.first { $0["state"].text == "primary" }?["number"].number)
    }

    /// - Returns: how many images are lost.
    private func check(
        _ work: KilledWork, _ vault: TestVault, _ stored: [String: [UInt8]], _ place: String
    ) throws -> Int {
        try eventually("the end of what was begun") {
            let listed = try vault.ask("GET", "/v1/operations", door: "admin").json["operations"]
            return listed.list.allSatisfy { $0["state"].text == "done" }
        }
        let lost = try stored.filter { try vault.get($0.key).bytes != Bytes($0.value) }.count
        #expect(lost == 0, "\(place)")
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
        return lost
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
