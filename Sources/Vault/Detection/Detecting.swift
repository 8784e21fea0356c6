// The rules at work: beside everything else, after what they look at became durable. An alarm is an event, and told
// to whoever asked to be.

import VaultCrypto
import VaultFormat

extension Vault {
    /// Looks at each event until the feed is finished.
    ///
    /// - Parameters:
    ///   - executor: where `onAlarm` is called: what it does takes a while, and the rules go on meanwhile.
    ///   - recall: as many of the newest events are read at a start.
    ///   - onChange: told of what is raised and what is over, as soon as its event is on its way.
    ///   - onAlarm: told of what is raised, one after another, and of what a start finds that nobody answered.
    package func detect(
        answeringOn executor: (any TaskExecutor)? = nil,
        recalling recall: UInt64 = Limits.detectionRecall,
        onChange: @escaping @Sendable (AlarmChange) -> Void = { _ in },
        onAlarm: @escaping @Sendable (Alarm) async -> Void = { _ in }
    ) async {
        // What finds no room here stays an event, and is found by the next start.
        let (alarms, queue) = AsyncStream.makeStream(
            of: Alarm.self, bufferingPolicy: .bufferingOldest(Limits.detectionStreaks))
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: executor) {
                for await alarm in alarms { await onAlarm(alarm) }
            }
            var watch = Watch(self, recall, onChange) { queue.yield($0) }
            await watch.run()
            queue.finish()
        }
    }

    /// What an alarm says, as an event that goes with the next batch.
    fileprivate func leave(_ change: AlarmChange) { leave(event(of: change)) }

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
}

/// The rules from a start to a stop.
private struct Watch: ~Copyable {
    private let vault: Vault
    /// Those that are read back at once.
    private let mostEvents: UInt64
    private let onChange: @Sendable (AlarmChange) -> Void
    private let onAlarm: (Alarm) -> Void
    private var detector: Detector
    /// Whether the rules know what was before.
    private var isRecalled = false
    private var isFirstRecall = true
    /// By the clock that never steps: after a row that cannot be read the log is not read again with each batch.
    private var restsUntil: Int64 = .min
    /// The first index that they have not seen; nil where they have seen nothing.
    private var next: UInt64?

    init(
        _ vault: Vault, _ mostEvents: UInt64, _ onChange: @escaping @Sendable (AlarmChange) -> Void,
        onAlarm: @escaping (Alarm) -> Void
    ) {
        self.vault = vault
        self.mostEvents = mostEvents
        self.onChange = onChange
        self.onAlarm = onAlarm
        detector = Detector(off: vault.settings.undetected)
    }

    mutating func run() async {
        recall()
        for await _ in vault.detection.rings { look() }
        look()
    }

    private mutating func look() {
        let (events, end) = vault.detection.drain()
        // A vault that was sealed can be read back now.
        recall()
        for event in events where event.index >= next ?? 0 { see(event) }
        readBack(to: end)
    }

    private mutating func see(_ event: Observation) {
        next = event.index + 1
        let changes = detector.see(event)
        if !changes.isEmpty { tell(changes) }
    }

    private func tell(_ changes: [AlarmChange]) {
        vault.detection.note(changes, open: detector.open)
        for change in changes {
            vault.leave(change)
            onChange(change)
            if case .raised(let alarm) = change { onAlarm(alarm) }
        }
    }

    private mutating func recall() {
        guard !isRecalled, vault.clock.monotonicMicroseconds() >= restsUntil else { return }
        let recalled: (detector: Detector, first: UInt64, next: UInt64)
        do throws(VaultError) {
            recalled = try vault.recalledDetector(mostEvents)
        } catch {
            // A sealed vault costs nothing to ask, and may be open with the next batch.
            guard error.code != .sealed else { return }
            restsUntil = vault.clock.monotonicMicroseconds() + RuleParameters.recallPause
            return
        }
        isRecalled = true
        (detector, next) = (recalled.detector, recalled.next)
        tell(detector.recalled())
        guard isFirstRecall else { return }
        isFirstRecall = false
        for alarm in (try? vault.unansweredAlarms(in: recalled.first..<recalled.next)) ?? [] {
            onAlarm(alarm)
        }
    }

    /// What the feed had no room for, from the log. What cannot be read now is, with what was before it, as soon as the
    /// vault is unsealed.
    private mutating func readBack(to end: UInt64) {
        guard var begin = next, begin < end else { return }
        if end - begin > mostEvents {
            vault.detection.miss(end - begin - mostEvents)
            begin = end - mostEvents
        }
        do throws(VaultError) {
            let keyring = try vault.keyring()
            while begin < end {
                let page = try vault.observations(from: begin, below: end, keyring)
                for event in page.events { see(event) }
                begin = page.next
            }
        } catch {
            vault.detection.miss(end - begin)
            isRecalled = false
        }
        next = end
    }
}
