// What the vault says about background work.

package import VaultFormat

package struct OperationAnswer: Codable, Hashable, Sendable {
    package var id: OperationID
    package var kind: String
    package var state: String
    /// Who asked for it.
    package var creator: UInt32
    package var created: UTCTime
    package var updated: UTCTime
    /// Items that there were to do when it was asked for.
    package var total: Int
    package var done: Int
    /// Items that something was found about.
    package var found: Int
    /// Items that could not be done.
    package var failures: Int
    /// Why it failed.
    @Nullable package var failure: String?
    /// What a walk over all keys does now; null for another kind.
    @Nullable package var phase: String?
    /// What a re-inspection was asked for; null for another kind.
    @Nullable package var inspection: InspectionSummary?

    package init(
        id: OperationID, kind: OperationKind, state: OperationState, creator: UInt32,
        createdMicroseconds: Int64, updatedMicroseconds: Int64, progress: OperationProgress,
        failure: ErrorCode?, phase: String? = nil, inspection: InspectionSummary?
    ) {
        self.id = id
        self.kind = kind.name
        self.state = state.name
        self.creator = creator
        created = UTCTime(microseconds: createdMicroseconds)
        updated = UTCTime(microseconds: updatedMicroseconds)
        total = progress.total
        done = progress.done
        found = progress.found
        failures = progress.failures
        self.failure = failure?.rawValue
        self.phase = phase
        self.inspection = inspection
    }

    /// Whether nothing more will happen.
    package var isFinal: Bool {
        OperationState.allCases.first { $0.name == state }?.isFinal ?? false
    }
}

package struct InspectionSummary: Codable, Hashable, Sendable {
    @Nullable package var below: UInt32?
    /// Null for the level in force in each namespace.
    @Nullable package var level: String?
    package var quarantine: Bool
    package var trial: Bool

    package init(_ parameters: ReinspectionParameters) {
        below = parameters.below
        level = parameters.level?.name
        quarantine = parameters.quarantines
        trial = parameters.isTrial
    }
}

/// Operations, newest first.
package struct OperationListAnswer: Codable, Hashable, Sendable {
    package var operations: [OperationAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(operations: [OperationAnswer], next: PageCursor?) {
        self.operations = operations
        self.next = next
    }
}

/// What an operation found about one image.
package struct OperationFinding: Codable, Hashable, Sendable {
    package var image: ImageID
    package var namespace: NamespaceName
    /// `image-refused`, or why the image could not be looked at, or what is wrong with its rows.
    package var code: String
    @Nullable package var finding: FindingAnswer?
    /// The index of the event that the image's rows do not fit; null for another kind.
    @Nullable package var event: UInt64?

    package init(
        image: ImageID, namespace: NamespaceName, code: ErrorCode, finding: Finding?,
        event: UInt64? = nil
    ) {
        self.image = image
        self.namespace = namespace
        self.code = code.rawValue
        self.finding = finding.map { FindingAnswer($0) }
        self.event = event
    }
}

/// What a check found that is of no one image: of a register, or of the log.
package struct RecordFinding: Codable, Hashable, Sendable {
    @Nullable package var namespace: NamespaceName?
    package var code: String
    /// The index of the event that a record does not fit, or that is damaged.
    @Nullable package var event: UInt64?

    package init(namespace: NamespaceName?, code: ErrorCode, event: UInt64?) {
        self.code = code.rawValue
        self.namespace = namespace
        self.event = event
    }
}

package struct OperationFindingsAnswer: Codable, Hashable, Sendable {
    package var findings: [OperationFinding]
    package var records: [RecordFinding]
    /// To be sent as `after`; nil on the last page there is so far.
    @Nullable package var next: PageCursor?

    package init(findings: [OperationFinding], records: [RecordFinding], next: PageCursor?) {
        self.findings = findings
        self.records = records
        self.next = next
    }
}
