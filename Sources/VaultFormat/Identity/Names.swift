// The caller's words for things, parsed once at the edge.

/// Whose images these are. Principals are bound to one. 1 to 32 of `[a-z0-9-]`.
package struct NamespaceName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isPlainName(text) else { throw .invalidText(field: "namespace") }
        description = text
    }

    private init(checked text: String) { description = text }

    /// The namespace of a vault that serves one backend.
    package static let standard = NamespaceName(checked: "default")

    package var bytes: [UInt8] { Array(description.utf8) }
    package static func < (one: Self, other: Self) -> Bool {
        one.bytes.lexicographicallyPrecedes(other.bytes)
    }
}

/// Whether this is 1 to 64 of `[A-Za-z0-9_-]`, whole: what jobs and owners may be called.
private func isLabel(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
            default: false
            }
        }
}

/// The backend's word for a piece of work: 1 to 64 of `[A-Za-z0-9_-]`.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isLabel(text) else { throw .invalidText(field: "job") }
        description = text
    }
}

/// The backend's word for a person: 1 to 64 of `[A-Za-z0-9_-]`.
package struct OwnerID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isLabel(text) else { throw .invalidText(field: "owner") }
        description = text
    }
}

/// On whose behalf a claim is made: an owner and a job, each optional.
package struct Claim: Hashable, Sendable {
    package let owner: OwnerID?
    package let job: JobID?

    package init(owner: OwnerID?, job: JobID?) {
        self.owner = owner
        self.job = job
    }

    /// The claim that names neither.
    package static let unnamed = Claim(owner: nil, job: nil)
    package var isUnnamed: Bool { owner == nil && job == nil }
}

/// The number of a wrapping key, from 1 upwards, never used again.
package struct EpochNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt32

    /// - Throws: ``FormatError/outOfRange(field:)`` for zero.
    package init(_ value: UInt32) throws(FormatError) {
        guard value > 0 else { throw .outOfRange(field: "epoch") }
        self.value = value
    }

    private init(checked value: UInt32) { self.value = value }
    package static let first = EpochNumber(checked: 1)

    package var description: String { String(value) }
    package static func < (one: Self, other: Self) -> Bool { one.value < other.value }
}
