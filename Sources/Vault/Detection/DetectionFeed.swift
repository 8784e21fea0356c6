// Between the committer and the rules: a bounded queue that nobody waits for, and what came out of it so far. What it
// has no room for is in the log.

import Synchronization
package import VaultFormat

package final class DetectionFeed: Sendable {
    /// What came of it since the start.
    package struct Report: Sendable {
        /// Alarms raised, by rule.
        package var raised: [DetectionRule: Int] = [:]
        /// Alarms that are not over, the newest first.
        package var open: [Alarm] = []
        /// Events that were not looked at: too many, or not to be read back.
        package var missed = 0
    }

    private struct State {
        var waiting: [[Observation]] = []
        /// The index behind the newest event.
        var end: UInt64 = 0
        var report = Report()
    }

    /// Rings where there may be something to look at.
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let batches: Int
    private let state = Mutex(State())

    package init(batches: Int = Limits.detectionBatches) {
        self.batches = batches
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package var report: Report { state.withLock { $0.report } }

    /// Takes what has become durable, or, where there is no room, how far it goes. Never waits.
    package func take(_ events: [Observation]) {
        guard let last = events.last else { return }
        state.withLock { state in
            if state.waiting.count < batches { state.waiting.append(events) }
            state.end = max(state.end, last.index + 1)
        }
        bell.yield()
    }

    /// What waits, in its order, and how far the log goes: what lies between is to be read there.
    package func drain() -> (events: [Observation], end: UInt64) {
        state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting.flatMap(\.self), state.end)
        }
    }

    /// Nothing comes any more: what waits is looked at, and that is all.
    package func finish() { bell.finish() }

    func miss(_ count: UInt64) {
        state.withLock { $0.report.missed += Int(clamping: count) }
    }

    func note(_ changes: [AlarmChange], open: [Alarm]) {
        state.withLock { state in
            for case .raised(let alarm) in changes {
                state.report.raised[alarm.rule, default: 0] += 1
            }
            state.report.open = open
        }
    }
}
