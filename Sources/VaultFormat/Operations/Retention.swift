/// How long a claim is kept unless somebody deletes it before: until a time, or for ever.
package enum Retention: Hashable, Sendable, Comparable {
    case until(microseconds: Int64)
    case forever

    /// The column: zero for ever.
    package init(column: Int64) { self = column == 0 ? .forever : .until(microseconds: column) }

    package var column: Int64 {
        switch self {
        case .until(let microseconds): microseconds
        case .forever: 0
        }
    }

    package func isOver(at microseconds: Int64) -> Bool {
        switch self {
        case .until(let end): end <= microseconds
        case .forever: false
        }
    }

    /// An event's word for it.
    package var text: String {
        switch self {
        case .until(let microseconds): Timestamp.text(microseconds: microseconds)
        case .forever: "forever"
        }
    }
}

/// What a namespace's settings say of how long its claims are kept.
package struct RetentionPolicy: Hashable, Sendable {
    /// Days from the moment of the claim; nil for ever.
    package let days: Int?
    /// Whether a claim's end may be moved later only.
    package let isExtendOnly: Bool
    /// Whether nothing that is claimed there may be erased.
    package let isHeld: Bool

    package static let standard = RetentionPolicy(days: nil, isExtendOnly: false)

    package init(days: Int?, isExtendOnly: Bool, isHeld: Bool = false) {
        self.days = days
        self.isExtendOnly = isExtendOnly
        self.isHeld = isHeld
    }

    /// Of a claim that is made now.
    package func retention(from microseconds: Int64) -> Retention {
        guard let days else { return .forever }
        return .until(microseconds: microseconds + Int64(days) * 86_400_000_000)
    }
}

/// The rules of retention: one for all, and those of single namespaces.
package struct RetentionPolicies: Hashable, Sendable {
    package var standard: RetentionPolicy
    package var own: [NamespaceName: RetentionPolicy]

    package init(
        standard: RetentionPolicy = .standard, own: [NamespaceName: RetentionPolicy] = [:]
    ) {
        self.standard = standard
        self.own = own
    }

    package subscript(namespace: NamespaceName) -> RetentionPolicy { own[namespace] ?? standard }
}
