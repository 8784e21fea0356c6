// A worker that was taken over harms the one upload it has. Each order makes the hostile worker,
// which stands behind the production walls, try something; then an honest upload must succeed.

import Foundation
import Testing
import VaultFormat

@testable import VaultStorage

@Suite struct HostileWorkerTests {
    /// The order's fault, after an honest upload of the same namespace went well.
    private static func fault(of act: String, milliseconds: Int = 60_000) async throws
        -> WorkerFault?
    {
        try await withPool("HostileWorker", milliseconds: milliseconds) { pool in
            #expect(await pool.result(of: "honest").isSound)
            let fault = await pool.fault(of: act)
            #expect(pool.faultCount == (fault == nil ? 0 : 1))
            #expect(await pool.result(of: "honest").isSound)
            return fault
        }
    }

    @Test(arguments: [
        "open-file", "make-file", "connect", "spawn", "thread", "map-code", "signal-parent",
        "exit", "trap",
    ])
    func aWorkerThatOverstepsDies(_ act: String) async throws {
        guard case .died = try await Self.fault(of: act) else {
            Issue.record("\(act) was answered")
            return
        }
    }

    @Test(arguments: ["wrong-number", "unknown-outcome", "unknown-type", "contradiction"])
    func aWorkerThatLiesIsRefused(_ act: String) async throws {
        guard case .nonsense = try await Self.fault(of: act) else {
            Issue.record("\(act) was believed")
            return
        }
    }

    @Test(arguments: ["not-zero", "long", "huge", "twice"])
    func aWorkerThatSaysTooMuchIsRefused(_ act: String) async throws {
        guard case .nonsense = try await Self.fault(of: act) else {
            Issue.record("\(act) was believed")
            return
        }
    }

    @Test(arguments: ["silent", "short", "spin"])
    func aWorkerThatHangsIsKilledAtTheDeadline(_ act: String) async throws {
        #expect(try await Self.fault(of: act, milliseconds: 2_000) == .deadline)
    }

    @Test func aWorkerThatSpeaksOutOfTurnIsNotAskedAgain() async throws {
        try await withPool("HostileWorker", concurrency: 1, spares: 0) { pool in
            // On a busy machine the extra answer may come together with the right one.
            _ = await pool.result(of: "late-extra")
            try await Task.sleep(for: .seconds(2))
            // The next upload's worker has seen no other; what was said too much was not read.
            #expect(try await pool.order("honest").number == 1)
        }
    }

    @Test func aWorkerCannotTakeMoreMemoryThanItsShare() async throws {
        // The act fails with ENOMEM inside the worker, which then answers as if nothing were. One
        // that had got its way would have answered nonsense.
        #expect(try await Self.fault(of: "allocate") == nil)
    }

    @Test func theOtherUploadsNoticeNothing() async throws {
        try await withPool("HostileWorker", concurrency: 2, milliseconds: 3_000) { pool in
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for act in ["exit", "spin", "huge", "open-file"] {
                    group.addTask { await pool.fault(of: act) != nil }
                }
                for index in 0..<40 {
                    group.addTask {
                        await pool.result(of: "honest", namespace: "n\(index % 3)").isSound
                    }
                }
                return await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.count == 44)
            #expect(outcomes.allSatisfy { $0 })
        }
    }

    @Test func nothingIsLeftOpenOrAlive() async throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        for round in 0..<48 {
            let act = ["exit", "huge", "open-file", "honest"][round % 4]
            _ = try await withPool("HostileWorker", concurrency: 1, spares: 0) {
                await $0.fault(of: act)
            }
        }
        // Other suites run beside this one and hold some of their own; two a round would be 96.
        let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        #expect(after - before < 90)
    }
}
