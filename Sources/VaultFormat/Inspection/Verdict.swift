/// How deep an inspection went. The raw value is stored: it never changes its meaning.
package enum InspectionLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// The structure was walked and searched; no pixel was decoded.
    case structure = 1
    /// The pixels were decoded as well, in the isolated worker.
    case decode = 2

    /// The stable name in configuration and answers.
    package var name: String {
        switch self {
        case .structure: "structure"
        case .decode: "decode"
        }
    }

    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// One rule that an upload broke, and where.
package struct Finding: Hashable, Sendable {
    package let code: FindingCode
    /// Bytes from the start of the upload; nil when the rule is not about a place in it.
    package let offset: UInt64?

    package init(code: FindingCode, offset: UInt64? = nil) {
        self.code = code
        self.offset = offset
    }
}

/// What an inspection found in an image that was accepted.
package struct Verdict: Hashable, Sendable {
    package let level: InspectionLevel
    /// Rises whenever a rule changes, so that stored images can be inspected again.
    package let inspectorVersion: UInt32
    /// What was amended rather than refused; empty for an image kept as it came.
    package let findings: [Finding]
    package let flags: ImageFlags

    /// The version of this build's rules, walk and worker together. Rises whenever one changes.
    package static let currentInspectorVersion: UInt32 = 2

    package init(
        level: InspectionLevel, inspectorVersion: UInt32, findings: [Finding], flags: ImageFlags
    ) {
        self.level = level
        self.inspectorVersion = inspectorVersion
        self.findings = findings
        self.flags = flags
    }
    /// The same where an inspection went deeper.
    package func at(_ level: InspectionLevel) -> Verdict {
        Verdict(level: level, inspectorVersion: inspectorVersion, findings: findings, flags: flags)
    }
}
