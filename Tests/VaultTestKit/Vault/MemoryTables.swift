// The tables of the catalog as values, with the constraints that the database has.

package import Vault
package import VaultFormat

/// One state of the catalog. Breaking a constraint is ``StorageError/damaged``, as in SQLite.
package struct MemoryTables: Sendable {
    /// By row, upwards; so are the references and the events.
    package var images: [ImageRow] = []
    package var references: [ReferenceRow] = []
    package var events: [EventRow] = []
    package var pseudonyms: [PseudonymRow] = []
    package var lookups: [BlindIndex: Set<UInt64>] = [:]
    package var prunedEvents: UInt64 = 0
    /// Of each height, in order.
    package var subtrees: [Int: [Digest256]] = [:]
    package var slotProofs: [SlotProof] = []
    /// By row, upwards; so are the findings.
    package var operations: [OperationRow] = []
    package var findings: [OperationFindingRow] = []
    package var answers: [KeptAnswerRow] = []
    /// By row, upwards.
    package var approvals: [ApprovalRow] = []
    package var statements: [OperationID: String] = [:]
    /// By row, upwards.
    package var backups: [BackupRow] = []
    /// By row, upwards; so are the escrows and the holds.
    package var receipts: [ReceiptRow] = []
    package var escrows: [EscrowRow] = []
    package var holds: [HoldRow] = []
    /// By row, upwards.
    package var accessTokens: [AccessTokenRow] = []
    package var tickets: [TicketRow] = []
    package var canaries: [CanaryRow] = []
    /// By row, upwards.
    package var incidents: [IncidentRow] = []
    package var purge: PurgeRow?
    package var attestations: [DoctorItem: AttestationRow] = [:]
    package var frontier = MerkleFrontier.empty
    // Numbers of rows are never used again.
    private var lastImage: Int64 = 0
    private var lastReference: Int64 = 0
    private var lastOperation: Int64 = 0
    private var lastFinding: Int64 = 0
    private var lastApproval: Int64 = 0
    private var lastHold: Int64 = 0
    private var lastAccessToken: Int64 = 0

    package init() {}

    func image(row: Int64) -> ImageRow? { images.first { $0.row == row } }

    mutating func insert(_ image: ImageRow) throws(StorageError) -> Int64 {
        let taken = images.contains { other in
            other.blob == image.blob
                || (other.namespace == image.namespace && other.image == image.image)
        }
        guard !taken else { throw .damaged }
        lastImage += 1
        var image = image
        image.row = lastImage
        images.append(image)
        return lastImage
    }

    mutating func delete(_ image: ImageRow) throws(StorageError) {
        guard let place = images.firstIndex(where: { $0.row == image.row }),
            !references.contains(where: { $0.imageRow == image.row })
        else { throw .damaged }
        images.remove(at: place)
    }

    mutating func insert(_ reference: ReferenceRow) throws(StorageError) {
        let taken = references.contains {
            $0.imageRow == reference.imageRow && $0.claim == reference.claim
        }
        guard image(row: reference.imageRow) != nil, !taken else { throw .damaged }
        lastReference += 1
        var reference = reference
        reference.row = lastReference
        references.append(reference)
    }

    mutating func delete(_ reference: ReferenceRow) throws(StorageError) {
        guard let place = references.firstIndex(where: { $0.row == reference.row }) else {
            throw .damaged
        }
        references.remove(at: place)
    }

    /// Puts what can change of an image in its place.
    mutating func update(_ image: ImageRow) throws(StorageError) {
        guard let place = images.firstIndex(where: { $0.row == image.row }) else { throw .damaged }
        images[place].verdict = image.verdict
        images[place].quarantinedMicroseconds = image.quarantinedMicroseconds
        images[place].changedAt = image.changedAt
        images[place].mac = image.mac
    }

    mutating func insert(_ operation: OperationRow) throws(StorageError) -> Int64 {
        guard !operations.contains(where: { $0.operation == operation.operation }) else {
            throw .damaged
        }
        lastOperation += 1
        var operation = operation
        operation.row = lastOperation
        operations.append(operation)
        return lastOperation
    }

    mutating func update(_ operation: OperationRow) throws(StorageError) {
        guard let place = operations.firstIndex(where: { $0.row == operation.row }) else {
            throw .damaged
        }
        operations[place] = operation
    }

    mutating func insert(_ finding: OperationFindingRow) throws(StorageError) {
        guard operations.contains(where: { $0.row == finding.operation }) else { throw .damaged }
        lastFinding += 1
        var finding = finding
        finding.row = lastFinding
        findings.append(finding)
    }

    mutating func insert(_ approval: ApprovalRow) throws(StorageError) {
        guard !approvals.contains(where: { $0.approval == approval.approval }) else {
            throw .damaged
        }
        lastApproval += 1
        var approval = approval
        approval.row = lastApproval
        approvals.append(approval)
    }

    mutating func update(_ approval: ApprovalRow) throws(StorageError) {
        guard let place = approvals.firstIndex(where: { $0.row == approval.row }) else {
            throw .damaged
        }
        approvals[place] = approval
    }

    mutating func insert(_ token: AccessTokenRow) throws(StorageError) {
        let taken = accessTokens.contains { $0.token == token.token || $0.digest == token.digest }
        guard !taken else { throw .damaged }
        lastAccessToken += 1
        var token = token
        token.row = lastAccessToken
        accessTokens.append(token)
    }

    mutating func insert(_ ticket: TicketRow) throws(StorageError) {
        let taken = tickets.contains {
            $0.ticket == ticket.ticket || $0.digest == ticket.digest
        }
        guard !taken else { throw .damaged }
        tickets.append(ticket)
    }

    mutating func insert(_ hold: HoldRow) {
        lastHold += 1
        var hold = hold
        hold.row = lastHold
        holds.append(hold)
    }

    mutating func insert(_ row: PseudonymRow) throws(StorageError) {
        let taken = pseudonyms.contains { other in
            other.pseudonym == row.pseudonym
                || (other.kind == row.kind && other.index == row.index)
        }
        guard !taken else { throw .damaged }
        pseudonyms.append(row)
    }

    mutating func insert(_ event: EventRow) throws(StorageError) {
        let place = events.lastIndex { $0.index <= event.index }
        if let place, events[place].index == event.index { throw .damaged }
        events.insert(event, at: place.map { $0 + 1 } ?? 0)
    }
}

extension ClaimIndex {
    /// Whether a claim has what this one names.
    func fits(_ other: ClaimIndex) -> Bool {
        (owner == nil || owner == other.owner) && (job == nil || job == other.job)
    }
}
