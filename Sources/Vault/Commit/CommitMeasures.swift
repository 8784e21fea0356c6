// What is measured of the committer, and of the flushes of blobs: one lock each, whoever asks.

import Synchronization
package import VaultFormat

/// How large the batches were that became durable, and how long each took.
package final class CommitMeasures: Sendable {
    package struct Figures: Hashable, Sendable {
        /// Entries of a batch.
        package fileprivate(set) var batches = Histogram(bounds: Limits.commitBatches)
        /// Microseconds of a transaction, with its flush.
        package fileprivate(set) var durations = Histogram(bounds: Limits.commitMicroseconds)
        /// Microseconds of the flush alone: the write-ahead log written and synchronized, and now and then moved to the
        /// database.
        package fileprivate(set) var flushes = Histogram(bounds: Limits.commitMicroseconds)
    }

    private let state = Mutex(Figures())

    package init() {}

    package var figures: Figures { state.withLock { $0 } }

    func record(entries: Int, in duration: Duration, flush: Duration) {
        state.withLock { figures in
            figures.batches.record(UInt64(clamping: entries))
            figures.durations.record(duration.wholeMicroseconds)
            figures.flushes.record(flush.wholeMicroseconds)
        }
    }
}

/// How long flushes take that are not the log's.
package final class FlushMeasure: Sendable {
    private let state = Mutex(Histogram(bounds: Limits.commitMicroseconds))

    package init() {}

    /// Microseconds.
    package var histogram: Histogram { state.withLock { $0 } }

    /// Runs a flush. One that failed is not measured.
    func time<Failure: Error>(_ flush: () throws(Failure) -> Void) throws(Failure) {
        let begun = ContinuousClock.now
        try flush()
        let duration = (ContinuousClock.now - begun).wholeMicroseconds
        state.withLock { $0.record(duration) }
    }
}

/// What waits to be durable.
package struct CommitLag: Hashable, Sendable {
    /// Entries that wait, and those that are with the catalog.
    package let events: Int
    /// How long the oldest of them has waited; zero where there is none.
    package let oldestMicroseconds: UInt64
}

extension Committer {
    package var lag: CommitLag {
        let (events, oldest) = state.withLock { state in
            let writing = state.writing?.batch ?? []
            return (
                writing.count + state.waiting.count,
                writing.first?.enqueued ?? state.waiting.first?.enqueued
            )
        }
        return CommitLag(
            events: events,
            oldestMicroseconds: oldest.map { (ContinuousClock.now - $0).wholeMicroseconds } ?? 0)
    }
}
