// What a doctor looks at, and what it may come to. The names are in results, rows and the log: they never change
// their meaning. Doctor.md has a row for each.

package enum DoctorItem: String, Sendable, CaseIterable {
    case stateFiles = "state-files"
    case keyFiles = "key-files"
    case rootKeyPlace = "root-key-place"
    case settingsFiles = "settings-files"
    case sockets
    case logKeyPinned = "log-key-pinned"

    case lockedMemory = "locked-memory"
    case coreFiles = "core-files"
    case corePattern = "core-pattern"
    case swap
    case sandbox
    case libraries

    case catalogSettings = "catalog-settings"
    case catalogLog = "catalog-log"
    case diskRoom = "disk-room"
    case clock
    case log
    case outages
    case anchor
    case anchorPlace = "anchor-place"

    case sealed
    case slotsProved = "slots-proved"
    case secondSlot = "second-slot"
    case keyAge = "key-age"
    case backupAge = "backup-age"
    case scrubAge = "scrub-age"

    case policyDoors = "policy-doors"
    case policyErasure = "policy-erasure"
    case policyEverybody = "policy-everybody"
    case policyAdmins = "policy-admins"
    case twoPerson = "two-person"
    case tokens
    case detection
    case incidents

    // What no program can see: somebody gives his word, with evidence, until a date.
    case firewall
    case penetrationTest = "penetration-test"
    case restoreDrill = "restore-drill"
    case anchorOffSite = "anchor-off-site"
    case slotSecretsApart = "slot-secrets-apart"
    case securityUpdates = "security-updates"
    case logMonitoring = "log-monitoring"
    case incidentPlan = "incident-plan"
    case compliance

    /// Whether it takes somebody's word.
    package var isAttested: Bool {
        switch self {
        case .firewall, .penetrationTest, .restoreDrill, .anchorOffSite, .slotSecretsApart,
            .securityUpdates, .logMonitoring, .incidentPlan, .compliance:
            true
        default: false
        }
    }
}

/// From good to bad; a table shows the worst first.
package enum DoctorVerdict: String, Sendable, CaseIterable, Comparable {
    case ok
    /// Nobody could look, or nobody gave his word.
    case unknown
    case warning
    case failure

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    package static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }
}
