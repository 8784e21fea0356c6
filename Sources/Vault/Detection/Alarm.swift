package import VaultFormat

/// What a rule has seen, once a case.
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
