// Everything that is judged, in one value: what the machine shows, what the vault knows, and who may do what.

package import VaultFormat

package struct DoctorFacts: Sendable {
    package var host: HostFacts
    package var vault: VaultFacts
    package var policy: AccessPolicy
    package var nowMicroseconds: Int64

    package init(
        host: HostFacts, vault: VaultFacts, policy: AccessPolicy, nowMicroseconds: Int64
    ) {
        self.host = host
        self.vault = vault
        self.policy = policy
        self.nowMicroseconds = nowMicroseconds
    }

    /// Whole days since a moment; none for one that is still to come.
    func days(since microseconds: Int64) -> Int {
        let (age, isOver) = nowMicroseconds.subtractingReportingOverflow(microseconds)
        return isOver ? 0 : Int(max(0, age) / 86_400_000_000)
    }
}

/// What the vault knows of itself. While it is sealed no row can be believed: what comes from rows is nil then.
package struct VaultFacts: Sendable {
    package struct Slot: Hashable, Sendable {
        package var name: String
        package var file: KeyFile.Kind
        package var provedMicroseconds: Int64?

        package init(name: String, file: KeyFile.Kind, provedMicroseconds: Int64?) {
            self.name = name
            self.file = file
            self.provedMicroseconds = provedMicroseconds
        }
    }

    /// A token, as far as a doctor looks at it.
    package struct Token: Hashable, Sendable {
        package var id: AccessTokenID
        package var principal: PrincipalName
        package var expiresMicroseconds: Int64

        package init(
            id: AccessTokenID, principal: PrincipalName, expiresMicroseconds: Int64
        ) {
            self.id = id
            self.principal = principal
            self.expiresMicroseconds = expiresMicroseconds
        }
    }

    /// Events whose times are still to come.
    package struct Ahead: Hashable, Sendable {
        /// From the first to the last of them; others may be between.
        package var indexes: Range<UInt64>
        /// The last one's time.
        package var atMicroseconds: Int64
        /// The time of the event behind them; nil where there is none.
        package var endedMicroseconds: Int64?

        package init(
            indexes: Range<UInt64>, atMicroseconds: Int64, endedMicroseconds: Int64?
        ) {
            self.indexes = indexes
            self.atMicroseconds = atMicroseconds
            self.endedMicroseconds = endedMicroseconds
        }
    }

    /// An incident that is open.
    package struct Incident: Hashable, Sendable {
        package var id: IncidentID
        package var openedMicroseconds: Int64
        /// Whether somebody listed incidents since, or looked at one.
        package var isRead: Bool

        package init(id: IncidentID, openedMicroseconds: Int64, isRead: Bool) {
            self.id = id
            self.openedMicroseconds = openedMicroseconds
            self.isRead = isRead
        }
    }

    package var isSealed = true
    /// What takes two people, and the rules of detection that are off: as the settings say.
    package var twoPerson: Set<TwoPersonRule> = []
    package var undetected: Set<DetectionRule> = []
    package var logState = LogState.writable
    /// Of the key that signs; nil while it is closed.
    package var logKeyFingerprint: String?
    package var ahead: Ahead?
    /// When the log could not be written, newest last; nil where it cannot be read.
    package var outages: [Int64]?
    package var anchors: [AnchorStatus] = []
    package var slots: [Slot]?
    package var primaryMicroseconds: Int64?
    /// When the newest backup that is wanted was registered; nil in it for none.
    package var newestBackup: Int64??
    /// Begun more than a day ago, and never finished.
    package var unfinishedBackups = 0
    /// Nothing that is stored has been unverified since before; nil in it where nothing is stored.
    package var unverifiedSince: Int64??
    package var tokens: [Token]?
    package var incidents: [Incident]?
    package var attestations: [DoctorItem: AttestationRow]?

    package init() {}
}
