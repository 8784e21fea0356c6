// The vault's rules under schedules that a seed draws. `Tools/simulate` runs more of them, and one that failed alone.

import Testing
import VaultFormat
import VaultSimulation
import VaultTestKit

@Suite("Schedules by seed")
struct SimulationTests {
    /// What runs beside each other.
    private static let lanes = 2
    /// As many as fit in a test that everybody runs.
    private static let count = 10_000
    /// A lie is found in far fewer.
    private static let schedulesForALie = 300
    /// Failures after which the rest would say nothing new.
    private static let failures = 3

    @Test(
        "whatever the order, the clock and the faults, what was acknowledged is so",
        arguments: 0..<SimulationTests.lanes)
    func schedules(lane: Int) async {
        var random = SeededRandom("schedules \(lane)")
        var acknowledged: Set<EventAction> = []
        var failures = 0
        for _ in 0..<Self.count / Self.lanes where failures < Self.failures {
            let outcome = Self.tell(random.next())
            acknowledged.formUnion(outcome.acknowledged)
            if outcome.violation != nil { failures += 1 }
            await Task.yield()
        }
        if failures == 0 { #expect(acknowledged == Simulation.verbs) }
    }

    private static func tell(_ seed: UInt64) -> Simulation.Outcome {
        let outcome = Simulation(seed: seed).run()
        if let violation = outcome.violation {
            let trace = outcome.trace.joined(separator: "\n")
            Issue.record("Tools/simulate --replay \(seed): \(violation)\n\(trace)")
        }
        return outcome
    }

    @Test("a seed draws the same schedule again")
    func replay() async {
        var random = SeededRandom("the same schedule")
        for _ in 0..<50 {
            let seed = random.next()
            let (first, second) = (Simulation(seed: seed).run(), Simulation(seed: seed).run())
            #expect(first.trace == second.trace, "Tools/simulate --replay \(seed)")
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
