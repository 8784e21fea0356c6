// What may be forgotten of the log: bodies of events, and names behind pseudonyms. The tree keeps its leaves, and
// every proof holds as before. LogFormat §3; Erasure §9.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// Erases the bodies of a range of events.
    ///
    /// - Returns: how many had one still.
    /// - Throws: ``VaultError`` `unknown-index` for indexes behind the log's end.
    package func eraseEvents(
        _ indexes: Range<UInt64>, reason: AdminNote, _ call: Call
    ) async throws(VaultError) -> Int {
        try await audited(.logErased, call) { () async throws(VaultError) in
            _ = try keyring()
            guard indexes.upperBound <= committer.frontier.size else {
                throw VaultError(.unknownIndex)
            }
            var count = 0
            var next = indexes.lowerBound
            while next < indexes.upperBound {
                let end = min(next + Limits.erasedEventsAtOnce, indexes.upperBound)
                var event = event(.logErased, call)
                event.indexes = next..<end
                event.reason = reason.text
                count += try await erase(next..<end, before: .max, pruned: nil, event)
                next = end
            }
            return count
        }
    }

    /// Erases the name behind a pseudonym: the same name gets another one from then on.
    ///
    /// - Throws: ``VaultError`` `unknown-name`.
    package func eraseName(
        _ pseudonym: Pseudonym, reason: AdminNote, _ call: Call
    ) async throws(VaultError) {
        try await audited(.logErased, call) { () async throws(VaultError) in
            var event = event(.logErased, call)
            event.pseudonym = pseudonym
            event.lookups = [BlindIndex(pseudonym)]
            event.reason = reason.text
            _ = try await committer.commit(.eraseName(pseudonym), event)
            purgeAlarm.ring()
        }
    }

    /// Erases the bodies of events that are older than the settings keep them, in days of UTC, oldest first and a
    /// part at a time. It ends before the first event that is not old, or is another than its columns say: those
    /// anybody may have written, who wants a body gone.
    ///
    /// - Returns: whether there was any.
    package func pruneLogIfDue() async throws(VaultError) -> Bool {
        guard let days = settings.logDays else { return false }
        let keyring = try keyring()
        let day: Int64 = 86_400_000_000
        let before = (clock.nowMicroseconds() / day - Int64(days)) * day
        let size = committer.frontier.size
        let old = try reading { (reader) throws(StorageError) in
            let end = try reader.indexes(since: before, until: nil, size: size).lowerBound
            return try prunable(in: min(reader.prunedEvents(), end)..<end, reader, keyring)
        }
        guard !old.isEmpty else { return false }
        var event = Event(.logErased, atMicroseconds: clock.nowMicroseconds())
        event.indexes = old
        event.reason = "audit.keep_days"
        _ = try await erase(old, before: before, pruned: old.upperBound, event)
        return true
    }

    /// The first run of events that are as they were written. What is gone already has, or lacks, an event of its
    /// own: none is made for it here.
    private func prunable(
        in range: Range<UInt64>, _ reader: any CatalogReader, _ keyring: Keyring
    ) throws(StorageError) -> Range<UInt64> {
        var run = range.lowerBound..<range.lowerBound
        while run.isEmpty, run.upperBound < range.upperBound {
            let rows = try reader.events(
                EventFilter(), from: run.upperBound, below: range.upperBound,
                limit: Int(Limits.erasedEventsAtOnce))
            guard !rows.isEmpty else { break }
            for row in rows {
                switch EventReading(row, keyring) {
                case .erased where run.isEmpty: run = row.index + 1..<row.index + 1
                case .opened where row.index == run.upperBound,
                    .clear where row.index == run.upperBound:
                    run = run.lowerBound..<row.index + 1
                case .erased, .opened, .clear, .damaged: return run
                }
            }
        }
        return keyring.isErased ? range.lowerBound..<range.lowerBound : run
    }

    private func erase(
        _ indexes: Range<UInt64>, before: Int64, pruned: UInt64?, _ event: Event
    ) async throws(VaultError) -> Int {
        let committed = try await committer.commit(
            .eraseEvents(indexes, before: before, pruned: pruned), event)
        purgeAlarm.ring()
        guard case .erasedEvents(let count) = committed.result else {
            throw VaultError(.internalError)
        }
        return count
    }
}
