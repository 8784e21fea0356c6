// The rules at work: beside everything else, after what they look at became durable. An alarm is an event, and told
// to whoever asked to be.

import VaultCrypto
import VaultFormat

extension Vault {
    /// Looks at each event until the feed is finished.
    ///
    /// - Parameters:
    ///   - onChange: told of what is raised and what is over, as soon as its event is on its way.
    ///   - onAlarm: told of what is raised.
    package func detect(
        onChange: @Sendable (AlarmChange) -> Void = { _ in },
        onAlarm: @Sendable (Alarm) async -> Void = { _ in }
    ) async {
        let off = settings.undetected
        var detector = Detector(off: off)
        var isRecalled = false
        /// What was read back comes once more in the feed.
        var next: UInt64 = 0
        func tell(_ changes: [AlarmChange]) async {
            for change in changes {
                leave(event(of: change))
                onChange(change)
                if case .raised(let alarm) = change { await onAlarm(alarm) }
            }
        }
        func recall() async {
            guard !isRecalled, !isSealed else { return }
            guard let recalled = try? recalledDetector() else { return }
            isRecalled = true
            (detector, next) = recalled
            let changes = detector.recalled()
            detection.note(changes, open: detector.open)
            await tell(changes)
        }
        await recall()
        for await batch in detection.batches {
            // A vault that was sealed can be read back now.
            await recall()
            for event in batch where event.index >= next {
                let changes = detector.see(event)
                guard !changes.isEmpty else { continue }
                detection.note(changes, open: detector.open)
                await tell(changes)
            }
        }
    }

    /// Leaves the event to the next batch. The end of an outage is seen a moment before events are taken again: then it
    /// is tried until they are.
    private func leave(_ event: Event) {
        guard committer.logState != .writable else { return committer.recordLater(event) }
        Task {
            for _ in 0..<Limits.alarmAttempts {
                if (try? await committer.record(event)) != nil { return }
                try? await Task.sleep(for: .milliseconds(Limits.alarmRetryMilliseconds))
            }
        }
    }

    private func event(of change: AlarmChange) -> Event {
        let (action, alarm): (EventAction, Alarm) =
            switch change {
            case .raised(let alarm): (.alarmRaised, alarm)
            case .ended(let alarm): (.alarmEnded, alarm)
            }
        var event = Event(action, atMicroseconds: clock.nowMicroseconds())
        event.principal = alarm.subject.principal
        event.pseudonyms.actor = alarm.subject.actor
        event.indexes = alarm.events.lowerBound..<alarm.events.upperBound + 1
        event.count = alarm.count
        event.rule = alarm.rule
        return event
    }

    /// Leaves the event of a start with rules that are switched off.
    package func recordUndetected() async throws(VaultError) {
        guard !settings.undetected.isEmpty else { return }
        var event = Event(.detectionLimited, atMicroseconds: clock.nowMicroseconds())
        event.filters = settings.undetected.sorted().map(\.rawValue).joined(separator: " ")
        try await committer.record(event)
    }

    // MARK: After a start

    /// The rules as they would be had they seen the newest events, and what is rare and counts for good of all.
    ///
    /// - Returns: with the first index that they have not seen.
    private func recalledDetector() throws(VaultError) -> (Detector, next: UInt64) {
        let keyring = try keyring()
        let size = committer.frontier.size
        var next = size - min(size, Limits.detectionRecall)
        var detector = Detector(
            RuleParameters.rules(
                canaries: Set(try plantedRows().map(\.place)),
                exporters: try exporters(before: next, keyring)),
            off: settings.undetected)
        while next < size {
            let rows = try reading { (reader) throws(StorageError) in
                try reader.events(from: next, limit: Limits.pageRows)
            }.filter { $0.index < size }
            guard let last = rows.last else { break }
            next = last.index + 1
            for row in rows {
                guard let event = row.observation(keyring) else { continue }
                _ = detector.see(event)
            }
        }
        return (detector, size)
    }

    /// Who took the log before these events.
    private func exporters(
        before end: UInt64, _ keyring: Keyring
    ) throws(VaultError) -> Set<UInt32> {
        var filter = EventFilter()
        filter.actions = [.logExported]
        filter.outcome = .done
        let rows = try reading { (reader) throws(StorageError) in
            try reader.events(filter, from: 0, below: end, limit: Limits.detectionExporters)
        }
        return Set(rows.compactMap { $0.observation(keyring)?.uid })
    }
}

extension EventRow {
    fileprivate func observation(_ keyring: Keyring) -> Observation? {
        body(keyring).flatMap { Observation(body: $0) }
    }
}
