// What those who use a simulated vault share: one source of chance, where they pause, and what they were told. All of
// it runs on one thread, one piece at a time.

import Synchronization
import VaultFormat
import VaultTestKit

final class SimulatedWorld: Sendable {
    private struct State {
        var random: SeededRandom
        var ledger = SimulatedLedger()
        var trace: [String] = []
        var violation: Violation?
        var paused: [CheckedContinuation<Void, Never>] = []
        var running = 0
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    // MARK: Chance

    func number(below limit: Int) -> Int {
        state.withLock { Int.random(in: 0..<limit, using: &$0.random) }
    }

    func chance(oneIn number: Int) -> Bool { self.number(below: number) == 0 }

    // MARK: What happened

    var trace: [String] { state.withLock { $0.trace } }
    var violation: Violation? { state.withLock { $0.violation } }
    var ledger: SimulatedLedger { state.withLock { $0.ledger } }

    func note(_ line: String) { state.withLock { $0.trace.append(line) } }

    /// The first one is told.
    func violate(_ violation: Violation?) {
        guard let violation else { return }
        state.withLock { if $0.violation == nil { $0.violation = violation } }
    }

    func change(_ body: (inout SimulatedLedger) -> Void) { state.withLock { body(&$0.ledger) } }

    /// As ``change(_:)``; what `body` finds broken is told.
    func judge(_ body: (inout SimulatedLedger) -> Violation?) {
        violate(state.withLock { body(&$0.ledger) })
    }

    // MARK: Who is under way

    var running: Int { state.withLock { $0.running } }

    func begin() { state.withLock { $0.running += 1 } }
    func end() { state.withLock { $0.running -= 1 } }

    /// How many pause.
    var paused: Int { state.withLock { $0.paused.count } }

    /// Lets everybody else go on, until the schedule comes back to here.
    func pause() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            state.withLock { $0.paused.append(continuation) }
        }
    }

    func resume(_ place: Int) {
        let continuation = state.withLock { $0.paused.remove(at: place) }
        continuation.resume()
    }
}
