// What the vault says of incidents and of their cases.

package import VaultFormat

package struct ContainmentAnswer: Codable, Hashable, Sendable {
    package var grade: String
    package var until: UTCTime
    /// Who set it.
    package var uid: UInt32

    package init(grade: ContainmentGrade, untilMicroseconds: Int64, uid: UInt32) {
        self.grade = grade.name
        until = UTCTime(microseconds: untilMicroseconds)
        self.uid = uid
    }
}

package struct IncidentAnswer: Codable, Hashable, Sendable {
    package var id: IncidentID
    /// `hand`, or the rule that saw it.
    package var cause: String
    /// Null where it is about the vault.
    @Nullable package var principal: String?
    /// The pseudonym of whom the principal asked for.
    @Nullable package var actor: String?
    package var opened: UTCTime
    package var creator: UInt32
    package var reason: String
    /// Null while it is open.
    @Nullable package var closed: UTCTime?
    /// Indexes of the log that its case has, the first and the one behind the last.
    package var from: UInt64
    package var to: UInt64
    /// SHA-256 of the case's file, and its length.
    package var digest: Digest256
    package var bytes: Int
    @Nullable package var containment: ContainmentAnswer?

    package init(
        id: IncidentID, cause: IncidentCause, principal: PrincipalName?, actor: Pseudonym?,
        openedMicroseconds: Int64, creator: UInt32, reason: AdminNote, closedMicroseconds: Int64?,
        events: Range<UInt64>, digest: Digest256, bytes: Int, containment: ContainmentAnswer?
    ) {
        self.id = id
        self.cause = cause.name
        self.principal = principal?.description
        self.actor = actor?.hex
        opened = UTCTime(microseconds: openedMicroseconds)
        self.creator = creator
        self.reason = reason.text
        closed = closedMicroseconds.map { UTCTime(microseconds: $0) }
        from = events.lowerBound
        to = events.upperBound
        self.digest = digest
        self.bytes = bytes
        self.containment = containment
    }
}

package struct IncidentListAnswer: Codable, Hashable, Sendable {
    package var incidents: [IncidentAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(incidents: [IncidentAnswer], next: PageCursor?) {
        self.incidents = incidents
        self.next = next
    }
}

/// `GET /v1/incidents/{id}`.
package struct IncidentStateAnswer: Codable, Hashable, Sendable {
    package var incident: IncidentAnswer
    /// What was written down since it was opened, a line of JSON each; null where the case's file is not what the
    /// vault wrote.
    @Nullable package var entries: [String]?

    package init(incident: IncidentAnswer, entries: [String]?) {
        self.incident = incident
        self.entries = entries
    }
}

/// `GET /v1/cases/{id}` at the audit socket: the lines as they were sealed.
package struct CaseAnswer: Codable, Hashable, Sendable {
    package var incident: IncidentAnswer
    package var manifest: String
    package var census: [String]
    package var entries: [String]
    /// BundleFormat.
    package var bundle: String

    package init(
        incident: IncidentAnswer, manifest: String, census: [String], entries: [String],
        bundle: String
    ) {
        self.incident = incident
        self.manifest = manifest
        self.census = census
        self.entries = entries
        self.bundle = bundle
    }
}
