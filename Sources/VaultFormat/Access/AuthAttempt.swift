// What a web tier reports of the people at its own door, and what it is told.

/// One of them tried to prove who he is, in the words of the backend that watched him.
package struct AuthAttempt: Hashable, Sendable {
    package var isSuccess: Bool
    package var reason: AttemptReason?
    /// Who he says he is, where he came from, and by which program.
    package var asserted: AssertedContext
    /// Where he tried it.
    package var endpoint: EndpointName?

    package init(
        isSuccess: Bool, reason: AttemptReason? = nil, asserted: AssertedContext = .none,
        endpoint: EndpointName? = nil
    ) {
        self.isSuccess = isSuccess
        self.reason = reason
        self.asserted = asserted
        self.endpoint = endpoint
    }
}

/// What is to become of somebody's next attempt.
package enum AccessDecision: Hashable, Sendable {
    case allow
    /// Not before so many microseconds.
    case delay(Int64)
    /// Not at all, for so many microseconds.
    case block(Int64)

    package var name: String {
        switch self {
        case .allow: "allow"
        case .delay: "delay"
        case .block: "block"
        }
    }

    package var microseconds: Int64 {
        switch self {
        case .allow: 0
        case .delay(let wait), .block(let wait): wait
        }
    }

    /// The stricter of two, and of two as strict the longer.
    package func stricter(_ other: AccessDecision) -> AccessDecision {
        (rank, microseconds) < (other.rank, other.microseconds) ? other : self
    }

    private var rank: Int {
        switch self {
        case .allow: 0
        case .delay: 1
        case .block: 2
        }
    }
}

/// What too many failures lock out.
package enum LockedSubject: String, Sendable, CaseIterable {
    case actor
    case source
}

/// Why an attempt failed: 1 to 64 of `[a-z0-9_.-]`, as `wrong_password`.
package struct AttemptReason: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        let isLegal = text.utf8.allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isLegal, (1...64).contains(text.utf8.count) else {
            throw .invalidText(field: "reason")
        }
        description = text
    }
}

/// A place of the backend's own service: 1 to 128 of printable ASCII without space, as `/login`.
package struct EndpointName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isVisible(text, 1...128) else { throw .invalidText(field: "endpoint") }
        description = text
    }
}

/// What a backend counts under a limit of its own: 1 to 128 of printable ASCII without space, as
/// `search:203.0.113.9`.
package struct LimitKey: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isVisible(text, 1...128) else { throw .invalidText(field: "key") }
        description = text
    }
}
