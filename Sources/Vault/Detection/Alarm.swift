package import VaultFormat

/// What a rule has seen, once a streak.
package struct Alarm: Hashable, Sendable {
    package let rule: DetectionRule
    package let subject: AlarmSubject
    /// Log indexes of what it saw.
    package let events: ClosedRange<UInt64>
    package let count: Int
    package let atMicroseconds: Int64

    package init(
        rule: DetectionRule, subject: AlarmSubject, events: ClosedRange<UInt64>, count: Int,
        atMicroseconds: Int64
    ) {
        self.rule = rule
        self.subject = subject
        self.events = events
        self.count = count
        self.atMicroseconds = atMicroseconds
    }

    /// As the log tells of it; nil for another event.
    init?(told event: Observation) {
        let indexes = event.indexes ?? event.index..<event.index + 1
        guard event.action == .alarmRaised, let rule = event.rule, let last = indexes.last else {
            return nil
        }
        self.init(
            rule: rule, subject: AlarmSubject(principal: event.principal, actor: event.actor),
            events: indexes.lowerBound...last, count: event.count ?? 0,
            atMicroseconds: event.atMicroseconds)
    }
}

/// Whose doing it is.
package enum AlarmSubject: Hashable, Sendable {
    case principal(PrincipalName)
    /// Whom a principal says it asks for.
    case actor(PrincipalName, Pseudonym)
    case vault

    package var principal: PrincipalName? {
        switch self {
        case .principal(let name), .actor(let name, _): name
        case .vault: nil
        }
    }

    package var actor: Pseudonym? {
        if case .actor(_, let actor) = self { actor } else { nil }
    }

    package init(principal: PrincipalName?, actor: Pseudonym?) {
        switch (principal, actor) {
        case (let principal?, let actor?): self = .actor(principal, actor)
        case (let principal?, nil): self = .principal(principal)
        case (nil, _): self = .vault
        }
    }
}
