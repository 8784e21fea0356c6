// What each grade takes from a principal, verb by verb.

import Testing
import VaultFormat

@Suite("A containment")
struct ContainmentTests {
    /// What leaves everything as it was. Written down once more, so that a new verb is looked at.
    private static let looking: Set<String> = [
        "images.inspect", "images.get", "images.probe", "images.metadata", "images.list",
        "security.report", "limits.check", "blocks.read", "receipts.read", "metrics.read",
        "status.read", "slots.list", "keys.read", "operations.read", "quarantine.read",
        "backups.read", "escrows.read", "holds.read", "retention.read", "namespaces.read",
        "tokens.read", "policy.read", "incidents.read", "canaries.read", "doctor.run", "log.read",
        "log.export",
    ]

    @Test("allows of every verb what its grade says", arguments: ContainmentGrade.allCases)
    func grades(grade: ContainmentGrade) throws {
        let allowed = Set(VerbName.allCases.filter { grade.allows($0) }.map(\.rawValue))
        switch grade {
        case .throttle, .seal: #expect(allowed.count == VerbName.allCases.count)
        case .suspend: #expect(allowed.isEmpty)
        case .readOnly: #expect(allowed == Self.looking)
        }
        #expect(grade.isGag == [.suspend, .readOnly].contains(grade))
        #expect(ContainmentGrade(name: grade.name) == grade)
        #expect(ContainmentGrade(name: grade.name + " ") == nil)
    }

    @Test("can be lifted by those who have the verb at the admin socket")
    func lifters() throws {
        let policy = AccessPolicy(rules: [
            PrincipalRule(
                Principal(
                    name: try PrincipalName("root"), verbs: VerbName.all(at: .admin)), users: [0]),
            PrincipalRule(
                Principal(name: try PrincipalName("web"), verbs: VerbName.all(at: .images)),
                users: [1]),
            PrincipalRule(
                Principal(name: try PrincipalName("night"), verbs: [.liftContainments]),
                users: [2]),
        ])
        #expect(policy.lifters == [try PrincipalName("root"), try PrincipalName("night")])
    }

    @Test("has a cause with one spelling")
    func causes() throws {
        let causes = [IncidentCause.hand] + DetectionRule.allCases.map { .rule($0) }
        #expect(Set(causes.map(\.name)).count == causes.count)
        for cause in causes { #expect(try IncidentCause(name: cause.name) == cause) }
        #expect(throws: FormatError.unknownValue(field: "cause")) {
            try IncidentCause(name: "")
        }
    }
}
