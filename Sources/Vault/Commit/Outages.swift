// While the log cannot be written: whoever waits is told so in time, an alarm is raised, and the store is
// brought back without a person where that loses nothing. Nothing is tried again as if it had worked.

import Glibc
import Synchronization
import VaultCrypto
package import VaultFormat

/// What is to happen while the log cannot be written.
package struct Outages: Sendable {
    let reserve: (any SpaceReserve)?
    /// How long a request waits for its event.
    let patience: Duration
    /// How long a store rests that could not be opened anew.
    let pause: Duration
    let alarm: @Sendable (LogState) -> Void

    /// - Parameter alarm: told of each change of the state; `writable` at its end.
    package init(
        reserve: (any SpaceReserve)? = nil,
        patience: Duration = .seconds(Limits.commitWaitSeconds),
        pause: Duration = .milliseconds(Limits.reopenMilliseconds),
        alarm: @escaping @Sendable (LogState) -> Void = { _ in }
    ) {
        self.reserve = reserve
        self.patience = patience
        self.pause = pause
        self.alarm = alarm
    }
}

/// One time in which the log cannot be written.
struct Outage: Sendable {
    var state: LogState
    /// When it began, by the clock of events and by one that never steps.
    let atMicroseconds: Int64
    let since = ContinuousClock.now
    /// When the store was last opened anew, or the attempt was made.
    var tried = ContinuousClock.now
    /// Whether the log says that it began.
    var isRecorded = false
}

extension Committer {
    /// Called by whoever wrote in vain.
    func beginOutage(for error: StorageError, at microseconds: Int64) {
        switch error {
        case .unavailable: begin(.failed, at: microseconds)
        case .replaced: begin(.replaced, at: microseconds)
        case .full:
            guard let reserve = outages.reserve else { return endStall() }
            reserve.release()
            begin(.full, at: microseconds)
            recordBegin()
        case .missing, .damaged, .sealed: endStall()
        }
    }

    /// Called by whoever flushed in vain beside the commits.
    func beginOutage(beside error: StorageError, at microseconds: Int64) {
        // Nothing was flushed where the files are being opened anew.
        guard case .unavailable(let number) = error, number != EBADF else { return }
        let isNews = state.withLock { state in
            // An outage that there is already knows better what it is.
            guard state.outage == nil else { return false }
            state.outage = Outage(state: .failed, atMicroseconds: microseconds)
            return true
        }
        if isNews { outages.alarm(.failed) }
    }

    private func begin(_ outage: LogState, at microseconds: Int64) {
        let isNews = state.withLock { state in
            defer {
                if state.outage == nil {
                    state.outage = Outage(state: outage, atMicroseconds: microseconds)
                }
                state.outage?.state = outage
            }
            return state.outage?.state != outage
        }
        if isNews { outages.alarm(outage) }
    }

    /// On a full disk, in the room that was kept: the failure is an event, too.
    private func recordBegin() {
        let (outage, frontier) = state.withLock { ($0.outage, $0.frontier) }
        guard let outage, !outage.isRecorded else { return }
        do throws(StorageError) {
            try commit([Entry(beginningOf: outage)], from: frontier)
            state.withLock { $0.outage?.isRecorded = true }
        } catch .unavailable {
            begin(.failed, at: outage.atMicroseconds)
        } catch {
            // It is recorded with its end.
        }
    }

    /// Called on the committer's thread before each batch, and once a while.
    func endOutage() {
        guard let outage = state.withLock({ $0.outage }) else { return }
        switch outage.state {
        case .writable, .stalled: return
        case .full:
            guard outages.reserve?.take() != false else { return }
            finish(outage)
        case .failed, .replaced, .lost:
            guard ContinuousClock.now - outage.tried >= outages.pause else { return }
            state.withLock { $0.outage?.tried = .now }
            reopen(outage)
        }
    }

    /// What the disk has decides: it must have all that was acknowledged. What a failed flush left there beside
    /// it happened, although whoever waited was told that nobody knows.
    private func reopen(_ outage: Outage) {
        let acknowledged = state.withLock { $0.frontier }
        do throws(StorageError) {
            try catalog.reopen()
            let found = try catalog.read { (reader) throws(StorageError) in
                try reader.frontier()
            }
            guard try contains(acknowledged, in: found) else {
                return begin(.lost, at: outage.atMicroseconds)
            }
            state.withLock { $0.frontier = found }
            _ = outages.reserve?.take()
            finish(outage)
        } catch .replaced {
            begin(.replaced, at: outage.atMicroseconds)
        } catch {
            begin(.failed, at: outage.atMicroseconds)
        }
    }

    /// Reads every event back.
    private func contains(
        _ acknowledged: MerkleFrontier, in found: MerkleFrontier
    ) throws(StorageError) -> Bool {
        guard found.size >= acknowledged.size else { return false }
        var tree = MerkleFrontier.empty
        do throws(StorageError) {
            try Vault.extend(&tree, to: acknowledged.size, catalog)
            guard tree == acknowledged else { return false }
            try Vault.extend(&tree, to: found.size, catalog)
        } catch .damaged {
            return false
        }
        return tree == found
    }

    /// The first write that works ends it.
    private func finish(_ outage: Outage) {
        let begin = outage.isRecorded ? [] : [Entry(beginningOf: outage)]
        do throws(StorageError) {
            try commit(
                begin + [Entry(endOf: outage)], from: state.withLock { $0.frontier })
        } catch {
            // A catalog that answers, if only with a refusal, is not stalled any more.
            if outage.state == .stalled, !beginsAnOutage(error) { return end() }
            return beginOutage(for: error, at: outage.atMicroseconds)
        }
        end()
    }

    private func end() {
        state.withLock { $0.outage = nil }
        outages.alarm(.writable)
    }

    private func beginsAnOutage(_ error: StorageError) -> Bool {
        switch error {
        case .unavailable, .replaced: true
        case .full: outages.reserve != nil
        case .missing, .damaged, .sealed: false
        }
    }

    // MARK: Waiting

    /// Those who have waited for too long. What is with the catalog may still come to be; what was not
    /// handed over yet never will.
    func overdue(at now: ContinuousClock.Instant) -> [Entry] {
        let patience = outages.patience
        var late: [Entry] = []
        var isNews = false
        state.withLock { state in
            let writing = state.writing.flatMap {
                now - $0.since >= patience ? $0.batch : nil
            }
            let isLate = { (entry: Entry) in
                // What nobody waits for completes a record that is durable: it stays.
                entry.answer != nil
                    && (writing != nil || now - entry.enqueued >= patience)
            }
            late = state.waiting.filter(isLate)
            state.waiting.removeAll(where: isLate)
            guard let writing else { return }
            late += writing
            guard state.outage == nil else { return }
            // In the same moment: a write that ends now finds it, and ends it.
            state.outage = Outage(
                state: .stalled, atMicroseconds: writing.last?.event.atMicroseconds ?? 0)
            isNews = true
        }
        if isNews { outages.alarm(.stalled) }
        return late
    }

    /// The catalog answered after all. Who waited was told that nobody knows.
    func endStall() {
        guard let outage = state.withLock({ $0.outage }), outage.state == .stalled else { return }
        finish(outage)
    }
}

extension Committer.Entry {
    fileprivate convenience init(beginningOf outage: Outage) {
        let event = Event(
            .storageFailed, .failed, code: outage.state.code,
            atMicroseconds: outage.atMicroseconds)
        self.init(change: .none, event: event, answer: nil)
    }

    fileprivate convenience init(endOf outage: Outage) {
        let microseconds = Int64(
            clamping: (ContinuousClock.now - outage.since).wholeMicroseconds)
        var event = Event(
            .storageRecovered, atMicroseconds: outage.atMicroseconds + microseconds)
        event.durationMicroseconds = Int(microseconds)
        self.init(change: .none, event: event, answer: nil)
    }
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
