// Requests of the last minute, for a screen that nobody scrapes: a slot for each second, which is another's a minute
// later. A request costs one lock.

import Synchronization
import VaultFormat

final class RecentRequests: Sendable {
    struct Counts: Hashable {
        /// Uploads that were answered well, and readings, and deletions.
        var stored = 0
        var read = 0
        var deleted = 0
        /// Whatever else was answered well.
        var other = 0
        var refused = 0
        var failed = 0

        fileprivate mutating func add(_ more: Counts) {
            stored += more.stored
            read += more.read
            deleted += more.deleted
            other += more.other
            refused += more.refused
            failed += more.failed
        }
    }

    /// Seconds that are remembered.
    static let seconds: Int64 = 60

    private struct Slot {
        var second: Int64 = -1
        var counts = Counts()
    }

    private let slots = Mutex([Slot](repeating: Slot(), count: Int(seconds)))

    /// - Parameter second: of a clock that never goes back, from 0.
    func count(_ verb: VerbLabel, _ outcome: RequestOutcome, at second: Int64) {
        slots.withLock { slots in
            let place = Int(second % Self.seconds)
            if slots[place].second != second { slots[place] = Slot(second: second) }
            switch (outcome, verb) {
            case (.failed, _): slots[place].counts.failed += 1
            case (.refused, _): slots[place].counts.refused += 1
            case (.ok, .named(.putImages)): slots[place].counts.stored += 1
            case (.ok, .named(.getImages)): slots[place].counts.read += 1
            case (.ok, .named(.deleteImages)): slots[place].counts.deleted += 1
            case (.ok, _): slots[place].counts.other += 1
            }
        }
    }

    /// Of the ``seconds`` that end with `second`.
    func counts(at second: Int64) -> Counts {
        slots.withLock { slots in
            var sum = Counts()
            for slot in slots where slot.second > second - Self.seconds && slot.second <= second {
                sum.add(slot.counts)
            }
            return sum
        }
    }
}
