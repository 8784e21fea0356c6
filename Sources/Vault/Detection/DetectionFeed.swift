// Between the committer and the rules: a bounded queue that nobody waits for, and what came out of it so far.

import Synchronization
package import VaultFormat

package final class DetectionFeed: Sendable {
    /// What came of it since the start.
    package struct Report: Sendable {
        /// Alarms raised, by rule.
        package var raised: [DetectionRule: Int] = [:]
        /// Alarms that are not over, the newest first.
        package var open: [Alarm] = []
        /// Events that were not looked at, for want of room.
        package var missed = 0
    }

    let batches: AsyncStream<[Observation]>
    private let queue: AsyncStream<[Observation]>.Continuation
    private let state = Mutex(Report())

    package init(batches: Int = Limits.detectionBatches) {
        (self.batches, queue) = AsyncStream.makeStream(
            of: [Observation].self, bufferingPolicy: .bufferingOldest(batches))
    }

    package var report: Report { state.withLock { $0 } }

    /// Takes what has become durable. Never waits.
    package func take(_ events: [Observation]) {
        guard case .dropped(let missed) = queue.yield(events) else { return }
        state.withLock { $0.missed += missed.count }
    }

    /// Nothing comes any more: what waits is looked at, and that is all.
    package func finish() { queue.finish() }

    func note(_ changes: [AlarmChange], open: [Alarm]) {
        state.withLock { report in
            for case .raised(let alarm) in changes { report.raised[alarm.rule, default: 0] += 1 }
            report.open = open
        }
    }
}
