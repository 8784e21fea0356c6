// What a web tier is told of its own people.

package import VaultFormat

/// What is to become of an attempt.
package struct DecisionAnswer: Codable, Hashable, Sendable {
    /// `allow`, `delay` or `block`.
    package var decision: String
    /// For how long, in milliseconds; 0 where it is allowed.
    package var retryAfterMilliseconds: Int

    package init(_ decision: AccessDecision) {
        self.decision = decision.name
        retryAfterMilliseconds = Int(clamping: (decision.microseconds + 999) / 1000)
    }

    private enum CodingKeys: String, CodingKey {
        case decision
        case retryAfterMilliseconds = "retry_after_ms"
    }
}

/// Whether there was room under a limit.
package struct LimitAnswer: Codable, Hashable, Sendable {
    package var allowed: Bool
    /// After how many milliseconds there is; 0 where it was allowed.
    package var retryAfterMilliseconds: Int

    /// - Parameter waitMicroseconds: nil where it was allowed.
    package init(waitMicroseconds: Int64?) {
        allowed = waitMicroseconds == nil
        retryAfterMilliseconds = Int(clamping: ((waitMicroseconds ?? 0) + 999) / 1000)
    }

    private enum CodingKeys: String, CodingKey {
        case allowed
        case retryAfterMilliseconds = "retry_after_ms"
    }
}
