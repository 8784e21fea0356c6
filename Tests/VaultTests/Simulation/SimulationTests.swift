// The vault's rules under schedules that a seed draws. `IMAGEVAULT_SCHEDULES` says how many, `IMAGEVAULT_SEED` which one
// alone.

import Foundation
import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Schedules by seed")
struct SimulationTests {
    /// What runs beside each other.
    private static let lanes = 2
    /// As many as fit in a test that everybody runs.
    private static let usualSchedules = 10_000
    /// A lie is found in far fewer.
    private static let schedulesForALie = 300
    /// Failures after which the rest would say nothing new.
    private static let failures = 3

    private static func asked(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    @Test(
        "whatever the order, the clock and the faults, what was acknowledged is so",
        arguments: 0..<SimulationTests.lanes)
    func schedules(lane: Int) async {
        if let seed = Self.asked("IMAGEVAULT_SEED") {
            if lane == 0 { print(Self.tell(seed).trace.joined(separator: "\n")) }
            return
        }
        let count = Int(clamping: Self.asked("IMAGEVAULT_SCHEDULES") ?? UInt64(Self.usualSchedules))
        var random = SeededRandom("schedules \(lane)")
        var acknowledged: Set<EventAction> = []
        var failures = 0
        for _ in 0..<count / Self.lanes where failures < Self.failures {
            let outcome = Self.tell(random.next())
            acknowledged.formUnion(outcome.acknowledged)
            if outcome.violation != nil { failures += 1 }
            await Task.yield()
        }
        print("schedules \(lane): \(count / Self.lanes), \(failures) failed")
        // A verb that never works is not tried.
        if count >= Self.usualSchedules, failures == 0 { #expect(acknowledged == Self.verbs) }
    }

    private static let verbs: Set<EventAction> = [
        .imagePut, .readBegun, .imageDelete, .operationStarted, .holdPlaced, .holdReleased,
        .imageQuarantined, .imageReleased, .rootRotated, .vaultUnsealed,
    ]

    private static func tell(_ seed: UInt64) -> Simulation.Outcome {
        let outcome = Simulation(seed: seed).run()
        if let violation = outcome.violation {
            let trace = outcome.trace.joined(separator: "\n")
            Issue.record("IMAGEVAULT_SEED=\(seed): \(violation)\n\(trace)")
        }
        return outcome
    }

    @Test("a seed draws the same schedule again")
    func replay() async {
        var random = SeededRandom("the same schedule")
        for _ in 0..<50 {
            let seed = random.next()
            let (first, second) = (Simulation(seed: seed).run(), Simulation(seed: seed).run())
            #expect(first.trace == second.trace, "IMAGEVAULT_SEED=\(seed)")
            await Task.yield()
        }
    }

    @Test("a store that lies is found", arguments: Lie.allCases)
    func lies(lie: Lie) async {
        var random = SeededRandom("\(lie)")
        for number in 1...Self.schedulesForALie {
            if let violation = Simulation(seed: random.next(), lie: lie).run().violation {
                print("\(lie): schedule \(number) found \(violation)")
                return
            }
            await Task.yield()
        }
        Issue.record("\(lie): nothing was found")
    }
}
