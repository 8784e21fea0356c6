// One writer. Whatever waits when it becomes free is one batch, one transaction, one flush: a batch
// forms while the previous flush runs, without a timer. A change and its event are never apart. An event that nobody
// waits for may ride along with the next batch.

import Foundation
import Synchronization
package import VaultCrypto
package import VaultFormat

/// What a committed request gets back: the change's result and its event's index.
package struct Committed: Hashable, Sendable {
    package let result: ChangeResult
    package let index: UInt64
}

package final class Committer: Sendable {
    let catalog: any Catalog
    private let keyring: @Sendable () -> Keyring?
    private let retention: RetentionPolicies
    let outages: Outages
    private let isByHand: Bool
    private let observer: @Sendable ([Observation]) -> Void
    let state: Mutex<State>
    package let measures = CommitMeasures()
    private let wake = DispatchSemaphore(value: 0)
    private let stopped = DispatchSemaphore(value: 0)

    struct State {
        var waiting: [Entry] = []
        /// The batch that is with the catalog, and since when.
        var writing: (batch: [Entry], since: ContinuousClock.Instant)?
        var closed = false
        /// Whether the writer was woken for what waits.
        var isDue = false
        /// Whether the writer looks for itself before long.
        var dozes = false
        /// Who is to be told at the end of the next turn.
        var asking: [@Sendable () -> Void] = []
        var outage: Outage?
        var frontier: MerkleFrontier
    }

    /// A reference, because an event is as large as a page of fields, and an entry goes from queue to batch.
    final class Entry: Sendable {
        let change: Change
        let event: Event
        /// Set when nobody wants the change any more; nil for what changes nothing.
        let abandonment: Abandonment?
        /// The answer to keep for a request that comes again.
        let kept: KeptAnswer?
        let enqueued = ContinuousClock.now
        /// Nil where nobody waits.
        let answer: Answer?
        let isUrgent: Bool

        init(
            change: Change, event: Event, abandonment: Abandonment? = nil,
            kept: KeptAnswer? = nil, answer: Answer?, isUrgent: Bool = true
        ) {
            self.isUrgent = isUrgent
            self.change = change
            self.event = event
            self.abandonment = abandonment
            self.kept = kept
            self.answer = answer
        }
    }

    /// - Parameters:
    ///   - retention: what the settings say of each namespace.
    ///   - outages: what is to happen while the log cannot be written.
    ///   - isByHand: whether no thread is begun: whoever made it takes each turn, and decides when.
    ///   - observer: told of each batch's events when they are durable, on the committer's thread.
    ///   - keyring: the keys, or nil while the vault is sealed; asked once a batch.
    package init(
        catalog: any Catalog, retention: RetentionPolicies = RetentionPolicies(),
        outages: Outages = Outages(), isByHand: Bool = false,
        observer: @escaping @Sendable ([Observation]) -> Void = { _ in },
        keyring: @escaping @Sendable () -> Keyring?
    ) throws(StorageError) {
        self.catalog = catalog
        self.retention = retention
        self.outages = outages
        self.isByHand = isByHand
        self.observer = observer
        self.keyring = keyring
        let frontier = try catalog.read { (reader) throws(StorageError) in try reader.frontier() }
        try LogTree.complete(catalog)
        state = Mutex(State(frontier: frontier))
        guard !isByHand else { return }
        let thread = Thread { [self] in run() }
        thread.name = "committer"
        thread.start()
        let watcher = Thread { [self] in watch() }
        watcher.name = "commit-watch"
        watcher.start()
    }

    /// The log's size and root as of the last durable batch.
    package var frontier: MerkleFrontier { state.withLock { $0.frontier } }

    package var logState: LogState { state.withLock { $0.outage?.state ?? .writable } }

    /// Whether nobody knows what the disk holds.
    package var isBroken: Bool { logState.isUncertain }

    /// Whether nothing waits for a turn.
    package var isIdle: Bool { state.withLock { $0.waiting.isEmpty } }

    /// Waits until change and event are durable.
    ///
    /// A task that is cancelled while its change waits for the batch before gives the change up.
    ///
    /// - Throws: ``VaultError`` when the change was refused (its event, a refusal, is durable then),
    ///   or when neither could be written.
    package func commit(_ change: Change, _ event: Event) async throws(VaultError) -> Committed {
        try await commit(change, event, keeping: nil)
    }

    /// As ``commit(_:_:)``; `kept` is durable with the change, or not at all.
    func commit(
        _ change: Change, _ event: Event, keeping kept: KeptAnswer?
    ) async throws(VaultError) -> Committed {
        let abandonment = Abandonment()
        return try await withTaskCancellationHandler {
            await written(change, event, abandonment, kept)
        } onCancel: {
            abandonment.declare()
        }.get()
    }

    /// Waits until the event is durable.
    @discardableResult
    package func record(_ event: Event) async throws(VaultError) -> UInt64 {
        try await written(.none, event, nil).get().index
    }

    private func written(
        _ change: Change, _ event: Event, _ abandonment: Abandonment?, _ kept: KeptAnswer? = nil
    ) async -> Result<Committed, VaultError> {
        await withCheckedContinuation { continuation in
            enqueue(
                Entry(
                    change: change, event: event, abandonment: abandonment, kept: kept,
                    answer: Answer { continuation.resume(returning: $0) }))
        }
    }

    /// Leaves the event to the next batch without waiting for it.
    package func recordLater(_ event: Event) {
        enqueue(Entry(change: .none, event: event, answer: nil))
    }

    /// As ``recordLater(_:)``, for what is one of many: while batches are being written it asks for none of its own, and
    /// is in the next within ``Limits/commitDozeMilliseconds``.
    package func recordAlong(_ event: Event) {
        enqueue(Entry(change: .none, event: event, answer: nil, isUrgent: false))
    }

    private func enqueue(_ entry: Entry) {
        #if BENCH_WITHOUT_EVENTS
            // What a log costs is told by a vault that has none. It is built for that alone.
            if case .none = entry.change {
                entry.answer?.give(.success(Committed(result: .none, index: 0)))
                return
            }
        #endif
        let (refusal, wakes) = state.withLock { state -> (ErrorCode?, Bool) in
            if let outage = state.outage?.state, outage.isUncertain { return (outage.code, false) }
            if state.closed { return (.auditUnavailable, false) }
            // What nobody waits for completes a record that is already durable: it may exceed.
            if entry.answer != nil, state.waiting.count >= Limits.commitQueue {
                return (.overloaded, false)
            }
            state.waiting.append(entry)
            let wakes = !state.isDue && (entry.isUrgent || !state.dozes)
            if wakes { state.isDue = true }
            return (nil, wakes)
        }
        if let refusal { entry.answer?.give(.failure(VaultError(refusal).recorded)) }
        if wakes { wake.signal() }
    }

    /// Asks the writer for a sign of life, which leaves no event.
    ///
    /// - Parameter answered: called by its thread, when what is being written is written; never after the end.
    package func ask(_ answered: @escaping @Sendable () -> Void) {
        state.withLock { $0.asking.append(answered) }
        wake.signal()
    }

    /// Writes what waits and ends the thread.
    ///
    /// - Returns: false where the catalog does not come back; the thread is left behind then.
    @discardableResult
    package func stop() -> Bool {
        state.withLock { $0.closed = true }
        if isByHand {
            while !turn() {}
            return true
        }
        wake.signal()
        guard stopped.wait(timeout: .now() + outages.patience.seconds) == .success else {
            return false
        }
        stopped.signal()
        return true
    }

    /// Looks at what waits, until the end, so that nobody waits for longer than is said.
    private func watch() {
        while !state.withLock({ $0.closed }) {
            usleep(UInt32(Limits.commitWatchMilliseconds) * 1000)
            for entry in overdue(at: .now) {
                entry.answer?.give(.failure(VaultError(.auditUnavailable).recorded))
            }
            if logState != .writable { wake.signal() }
        }
    }

    // MARK: The thread

    private func run() {
        repeat {
            if state.withLock(\.dozes) {
                _ = wake.wait(timeout: .now() + .milliseconds(Limits.commitDozeMilliseconds))
            } else {
                wake.wait()
            }
        } while !turn()
        stopped.signal()
    }

    /// Writes one batch of what waits.
    ///
    /// - Returns: whether it was the last.
    @discardableResult
    package func turn() -> Bool {
        // Before anything is taken out: what waits is told when that takes too long.
        endOutage()
        let (batch, asking, goesOn, ended) = state.withLock { state in
            let batch = Array(state.waiting.prefix(Limits.commitBatch))
            state.waiting.removeFirst(batch.count)
            // After a batch it looks once more by itself; what comes until then wakes it only where somebody waits.
            state.dozes = !batch.isEmpty
            state.isDue = !state.waiting.isEmpty
            defer { state.asking = [] }
            return (batch, state.asking, state.isDue, state.closed && state.waiting.isEmpty)
        }
        if goesOn { wake.signal() }
        if !batch.isEmpty { write(batch) }
        for answered in asking { answered() }
        return ended
    }

    /// One transaction for the batch; if the catalog refuses it for a reason that may be one entry's
    /// own, one transaction for each.
    private func write(_ batch: [Entry]) {
        let (frontier, outage) = state.withLock { ($0.frontier, $0.outage?.state) }
        // What waited for a flush that failed is refused with it, and never written after it.
        if let outage, let code = outage.code {
            let refused = batch.filter { outage.isUncertain || !$0.event.action.mayUseReserve }
            refuse(refused, with: code)
            let batch = outage.isUncertain ? [] : batch.filter(\.event.action.mayUseReserve)
            guard !batch.isEmpty else { return }
            do { try commit(batch, from: frontier) } catch { fail(batch, with: error) }
            return
        }
        do throws(StorageError) {
            try commit(batch, from: frontier)
            endStall()
        } catch .sealed where logState == .writable {
            // The keyring is gone by now: each entry is refused, and its event in clear.
            write(batch)
        } catch .damaged where batch.count > 1 && logState == .writable {
            for entry in batch { write([entry]) }
        } catch {
            fail(batch, with: error)
        }
    }

    func commit(_ batch: [Entry], from frontier: MerkleFrontier) throws(StorageError) {
        state.withLock { $0.writing = (batch, .now) }
        defer { state.withLock { $0.writing = nil } }
        let keyring = keyring()
        var log = LogAppender(frontier: frontier)
        let begun = ContinuousClock.now
        let (results, seen, written) = try catalog.write { (writer) throws(StorageError) in
            var results: [Result<Committed, VaultError>] = []
            var seen: [Observation] = []
            for entry in batch {
                results.append(try apply(entry, to: writer, &log, keyring, &seen))
            }
            try writer.setFrontier(log.frontier)
            // Authenticators of erased keys must not be written: this leaves no trace of them.
            if keyring?.isErased == true { throw .sealed }
            return (results, seen, ContinuousClock.now)
        }
        let durable = ContinuousClock.now
        measures.record(entries: batch.count, in: durable - begun, flush: durable - written)
        state.withLock { $0.frontier = log.frontier }
        for (entry, result) in zip(batch, results) { entry.answer?.give(result) }
        observer(seen)
    }

    /// A refused change leaves its refusal as the event.
    private func apply(
        _ entry: Entry, to writer: any CatalogWriter, _ log: inout LogAppender,
        _ keyring: Keyring?, _ seen: inout [Observation]
    ) throws(StorageError) -> Result<Committed, VaultError> {
        let index = log.frontier.size
        var event = entry.event
        let result: Result<Committed, VaultError>
        do throws(ChangeFailure) {
            if entry.abandonment?.isDeclared == true {
                throw .refused(VaultError(.deadlineExceeded))
            }
            try entry.kept?.check(writer, at: event.atMicroseconds)
            let change = try entry.change.apply(
                to: writer, keyring: keyring, index: index, at: event.atMicroseconds,
                under: retention)
            change.complete(&event)
            result = .success(Committed(result: change, index: index))
        } catch {
            switch error {
            case .storage(let failure): throw failure
            case .refused(let refusal):
                event.outcome = refusal.outcome
                event.code = refusal.code
                result = .failure(refusal.recorded)
            }
        }
        if case .success(let made) = result, let keyring, let kept = entry.kept {
            try kept.insert(
                into: writer, keyring, made.result, index: index, at: event.atMicroseconds)
        }
        #if BENCH_WITHOUT_EVENTS
            return result
        #else
            seen.append(try append(event, to: writer, &log, keyring))
            return result
        #endif
    }

    /// An event that could not be written means that nothing may leave.
    private func fail(_ batch: [Entry], with error: StorageError) {
        beginOutage(for: error, at: batch.last?.event.atMicroseconds ?? 0)
        refuse(batch, with: error.code(for: .log))
    }

    private func refuse(_ batch: [Entry], with code: ErrorCode) {
        for entry in batch { entry.answer?.give(.failure(VaultError(code).recorded)) }
    }
}
