// What may be forgotten of the log: bodies of events, and names behind pseudonyms. The tree keeps its leaves, and
// every proof holds as before. LogFormat §3; Erasure §9.

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
            event.reason = reason.text
            _ = try await committer.commit(.eraseName(pseudonym), event)
            purgeAlarm.ring()
        }
    }

    /// Erases the bodies of events that are older than the settings keep them, oldest first and a part at a time.
    ///
    /// - Returns: whether there was any.
    package func pruneLogIfDue() async throws(VaultError) -> Bool {
        guard let days = settings.logDays else { return false }
        _ = try keyring()
        let before = clock.nowMicroseconds() - Int64(days) * 86_400_000_000
        let size = committer.frontier.size
        let old = try reading { (reader) throws(StorageError) in
            let done = try min(reader.prunedEvents(), size)
            let end = try reader.indexes(since: nil, until: before, size: size).upperBound
            return done..<max(done, min(end == size ? done : end, done + Limits.erasedEventsAtOnce))
        }
        guard !old.isEmpty else { return false }
        var event = Event(.logErased, atMicroseconds: clock.nowMicroseconds())
        event.indexes = old
        event.reason = "audit.keep_days"
        _ = try await erase(old, before: before, pruned: old.upperBound, event)
        return true
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
