// What an incident may take from a principal, for a while.

/// How far it is contained.
package enum ContainmentGrade: UInt8, Sendable, CaseIterable {
    /// It may do what it might, at the rate of ``Limits/containedRequestsPerMinute``.
    case throttle = 1
    /// It may do nothing that takes a permission.
    case suspend = 2
    /// It may look, and change nothing.
    case readOnly = 3
    /// The whole vault is sealed.
    case seal = 4

    package var name: String {
        switch self {
        case .throttle: "throttle"
        case .suspend: "suspend"
        case .readOnly: "read-only"
        case .seal: "seal"
        }
    }

    /// - Returns: nil for what names none.
    package init?(name: some StringProtocol) {
        guard let grade = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = grade
    }

    /// Whether a principal that is so contained may ask for a verb at all.
    package func allows(_ verb: VerbName) -> Bool {
        switch self {
        case .throttle, .seal: true
        case .suspend: false
        case .readOnly: verb.changesNothing
        }
    }

    /// Whether a principal could not lift a containment any more.
    package var isGag: Bool { !allows(.liftContainments) }
}

extension VerbName {
    /// Whether everything is as it was afterwards, but for the log: nothing stored, nothing granted to others.
    package var changesNothing: Bool {
        switch self {
        case .inspectImages, .getImages, .probeImages, .readMetadata, .listImages, .reportSecurity,
            .checkLimits, .readBlocks, .readReceipts, .readMetrics, .readStatus, .listSlots,
            .readKeys, .readOperations, .readQuarantine, .readBackups, .readEscrows, .readHolds,
            .readRetention, .readNamespaces, .readTokens, .readPolicy, .readLog, .exportLog,
            .readIncidents, .readCanaries, .runDoctor:
            true
        default: false
        }
    }
}

extension AccessPolicy {
    /// Those who may lift a containment.
    package var lifters: Set<PrincipalName> {
        Set(rules.map(\.principal).filter { $0.may(.liftContainments, at: .admin) }.map(\.name))
    }
}

/// Through what an incident is told of.
package enum AlertKind: String, Sendable, CaseIterable {
    case command
    case syslog
    case socket
}

/// Why an incident was opened.
package enum IncidentCause: Hashable, Sendable {
    /// Somebody said so.
    case hand
    case rule(DetectionRule)

    package var name: String {
        switch self {
        case .hand: "hand"
        case .rule(let rule): rule.rawValue
        }
    }

    /// - Throws: ``FormatError/unknownValue(field:)``.
    package init(name: String) throws(FormatError) {
        if name == "hand" {
            self = .hand
        } else if let rule = DetectionRule(rawValue: name) {
            self = .rule(rule)
        } else {
            throw .unknownValue(field: "cause")
        }
    }
}
