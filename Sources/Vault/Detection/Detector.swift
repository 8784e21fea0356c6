// All rules over one stream of events, and one alarm a streak. Pure: the same events give the same alarms.

package import VaultFormat

/// What is news.
package enum AlarmChange: Hashable, Sendable {
    case raised(Alarm)
    /// Nothing of it was seen for a while. The alarm has what there was of it in the end.
    case ended(Alarm)
}

package struct Detector: Sendable {
    private struct Key: Hashable, Sendable {
        let rule: DetectionRule
        let subject: AlarmSubject
    }

    private struct Streak: Sendable {
        var events: ClosedRange<UInt64>
        var count: Int
        var lastMicroseconds: Int64
        let alarm: Alarm
    }

    private var rules: [any BehaviourRule]
    private var requesters = Requesters()
    private var streaks: [Key: Streak] = [:]
    /// What the log says was raised, and not ended.
    private var told: [Key: Alarm] = [:]
    /// Of these, what is over, and the log does not say so.
    private var over: [Key: Alarm] = [:]
    /// The newest event's time, and when streaks were looked through: of no event yet, the first moment of all.
    private var now: Int64 = Detector.earliest
    private var sweptAt: Int64 = Detector.earliest
    private let capacity: Int

    /// Far enough from the end of the numbers that what is reckoned with it has room.
    private static let earliest = Int64.min / 2

    /// - Parameter off: rules that the settings switch off.
    package init(
        _ rules: [any BehaviourRule] = RuleParameters.rules(), off: Set<DetectionRule> = [],
        streaks: Int = Limits.detectionStreaks
    ) {
        self.rules = rules.filter { !off.contains($0.rule) }
        capacity = streaks
    }

    /// Those that are not over, the newest first.
    package var open: [Alarm] {
        streaks.values.map(\.alarm).sorted { $0.atMicroseconds > $1.atMicroseconds }
    }

    package mutating func see(_ observation: Observation) -> [AlarmChange] {
        var event = observation
        keepTime(&event)
        note(event)
        requesters.attribute(&event)
        var changes = ended()
        for place in rules.indices {
            let rule = rules[place].rule
            for sighting in rules[place].see(event) {
                if let alarm = count(sighting, of: rule, event) { changes.append(.raised(alarm)) }
            }
        }
        return changes
    }

    /// What a stop kept from being told, once the rules have seen what the log had by then: it says itself what was
    /// told.
    package mutating func recalled() -> [AlarmChange] {
        let untold = streaks.filter { told[$0.key] == nil }
            .map { AlarmChange.raised($0.value.alarm) }
        let gone = told.filter { streaks[$0.key] == nil }
        return (Array(over.values) + gone.values).map { .ended($0) } + untold
    }

    /// Time does not go back, but for a clock that was put right.
    private mutating func keepTime(_ event: inout Observation) {
        if event.atMicroseconds < now - Limits.detectionClockMicroseconds {
            for place in rules.indices { rules[place].forget() }
            now = event.atMicroseconds
            sweptAt = Self.earliest
            for key in streaks.keys { streaks[key]?.lastMicroseconds = now }
        }
        now = max(now, event.atMicroseconds)
        event.atMicroseconds = now
    }

    private mutating func note(_ event: Observation) {
        guard let rule = event.rule else { return }
        let key = Key(
            rule: rule, subject: AlarmSubject(principal: event.principal, actor: event.actor))
        switch event.action {
        case .alarmRaised where told.count < capacity: told[key] = Alarm(told: event)
        case .alarmEnded:
            if over.removeValue(forKey: key) == nil { told[key] = nil }
        default: break
        }
    }

    private mutating func count(
        _ sighting: Sighting, of rule: DetectionRule, _ event: Observation
    ) -> Alarm? {
        var key = Key(rule: rule, subject: sighting.subject)
        if streaks[key] == nil, streaks.count >= capacity { key = Key(rule: rule, subject: .vault) }
        if var one = streaks[key] {
            one.events = one.events.lowerBound...max(one.events.upperBound, event.index)
            one.count += 1
            one.lastMicroseconds = now
            streaks[key] = one
            return nil
        }
        let events = min(sighting.first, event.index)...event.index
        let alarm = Alarm(
            rule: rule, subject: key.subject, events: events, count: sighting.count,
            atMicroseconds: now)
        streaks[key] = Streak(
            events: events, count: sighting.count, lastMicroseconds: now, alarm: alarm)
        return alarm
    }

    /// Looked for once a second.
    private mutating func ended() -> [AlarmChange] {
        guard !streaks.isEmpty, now - 1_000_000 >= sweptAt else { return [] }
        sweptAt = now
        var changes: [AlarmChange] = []
        for (key, one) in streaks
        where now - one.lastMicroseconds >= RuleParameters.quietMicroseconds(key.rule) {
            streaks[key] = nil
            let alarm = Alarm(
                rule: key.rule, subject: key.subject, events: one.events, count: one.count,
                atMicroseconds: now)
            // What comes later is another alarm.
            if told.removeValue(forKey: key) != nil { over[key] = alarm }
            changes.append(.ended(alarm))
        }
        return changes
    }
}

/// The steps of an erasure are the vault's own doing: whoever asked for it deletes by them.
private struct Requesters: Sendable {
    private var known: [OperationID: (principal: PrincipalName?, actor: Pseudonym?)] = [:]

    mutating func attribute(_ event: inout Observation) {
        guard let operation = event.operation else { return }
        switch event.action {
        case .operationStarted where event.work == OperationKind.erase.name && event.isDone:
            guard known.count < Limits.detectionErasures else { return }
            known[operation] = (event.principal, event.actor)
        case .operationEnded, .operationCancelled: known[operation] = nil
        default:
            guard event.principal == nil, let asked = known[operation] else { return }
            (event.principal, event.actor) = asked
        }
    }
}
