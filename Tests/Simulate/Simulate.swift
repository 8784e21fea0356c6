// Simulate SCHEDULES SEED LANES, or Simulate replay SEED: what Tools/simulate runs, which says what it is for.
// Exit status 1 after a violation, and when a verb was never acknowledged.

import Glibc
import VaultFormat
import VaultSimulation
import VaultTestKit

@main
struct Simulate {
    /// Violations after which the rest would say nothing new.
    private static let violations = 3
    /// Fewer may leave a verb out by chance.
    private static let enoughForAllVerbs = 10_000

    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        let numbers = arguments.compactMap(UInt64.init)
        if arguments.first == "replay", numbers.count == 1 {
            replay(numbers[0])
        } else if arguments.count == 3, numbers.count == 3 {
            let (count, lanes) = (Int(clamping: numbers[0]), Int(clamping: numbers[2]))
            guard count > 0, lanes > 0 else { usage() }
            await draw(count, seed: numbers[1], lanes: lanes)
        } else {
            usage()
        }
    }

    private static func usage() -> Never {
        complain("usage: Simulate SCHEDULES SEED LANES | Simulate replay SEED")
        exit(EX_USAGE)
    }

    private static func replay(_ seed: UInt64) -> Never {
        let outcome = Simulation(seed: seed).run()
        print(outcome.trace.joined(separator: "\n"))
        print(outcome.violation.map { "violation: \($0)" } ?? "nothing is wrong")
        exit(outcome.violation == nil ? 0 : 1)
    }

    private static func draw(_ count: Int, seed: UInt64, lanes: Int) async {
        let tally = await withTaskGroup(of: Tally.self) { group in
            for lane in 0..<lanes {
                let share = count / lanes + (lane < count % lanes ? 1 : 0)
                // Each lane draws its own, and the same ones again by the same seed and the same lanes.
                group.addTask {
                    await run(share, SeededRandom(seed: seed &+ UInt64(lane)), tellsRate: lane == 0)
                }
            }
            return await group.reduce(into: Tally()) { $0.add($1) }
        }
        let missing = Simulation.verbs.subtracting(tally.acknowledged).map { "\($0)" }.sorted()
        if count >= enoughForAllVerbs, tally.violations == 0, !missing.isEmpty {
            print("never acknowledged: \(missing.joined(separator: ", "))")
            exit(1)
        }
        print(
            "\(tally.schedules) of \(count) schedules, \(tally.violations) violations, seed \(seed)"
        )
        exit(tally.violations == 0 && tally.schedules == count ? 0 : 1)
    }

    private static func run(_ count: Int, _ random: SeededRandom, tellsRate: Bool) async -> Tally {
        var (random, tally) = (random, Tally())
        let started = ContinuousClock.now
        var told = started
        while tally.schedules < count, tally.violations < violations {
            let seed = random.next()
            let outcome = Simulation(seed: seed).run()
            tally.schedules += 1
            tally.acknowledged.formUnion(outcome.acknowledged)
            if let violation = outcome.violation {
                tally.violations += 1
                print("Tools/simulate --replay \(seed): \(violation)")
            }
            if tellsRate, told.duration(to: .now) > .seconds(10) {
                told = .now
                let seconds = started.duration(to: told).components.seconds
                let left = Int64(count - tally.schedules) * seconds / Int64(tally.schedules)
                complain(
                    "\(100 * tally.schedules / count) %, about \(left) s left, \(tally.violations) violations"
                )
            }
            await Task.yield()
        }
        return tally
    }

    private static func complain(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        // Whoever watches is no reason to end: what could not be written is left out.
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// What a lane came to.
private struct Tally: Sendable {
    var schedules = 0
    var violations = 0
    var acknowledged: Set<EventAction> = []

    mutating func add(_ other: Tally) {
        schedules += other.schedules
        violations += other.violations
        acknowledged.formUnion(other.acknowledged)
    }
}
