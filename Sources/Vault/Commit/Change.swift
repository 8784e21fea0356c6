import VaultCrypto
package import VaultFormat

/// What happens to the catalog: one value, committed together with its event.
package enum Change: Sendable {
    /// Nothing but the event.
    case none
    /// One more claim on an image, and the image where it is new and the namespace may have it.
    case put(image: ImageRow, reference: ReferenceRow, quota: Quota = .none)
    /// One claim less, and the image with the last one.
    case drop(image: ImageID, namespace: NamespaceName, claim: ClaimIndex, receipt: ReceiptID)
    /// A slot opened the keyring just now.
    case prove(slot: SlotID, atMicroseconds: Int64)
    /// A slot goes; one that is proved must be among those that stay.
    case removeSlot(SlotID, remaining: [SlotID])
    /// One more piece of background work.
    case startOperation(OperationRow)
    /// An operation that erases, with the receipt of what it will take.
    case startErasure(OperationRow, ReceiptRow)
    /// An operation in another state, and why where it failed.
    case moveOperation(OperationID, to: OperationState, failure: ErrorCode?)
    /// A step of an operation, with what it did.
    case advanceOperation(OperationID, OperationStep)
    /// An image that nobody may read any more.
    case quarantine(image: ImageID, namespace: NamespaceName)
    /// Something that waits for approval.
    case ask(ApprovalRow)
    /// An approval, and what it allows.
    case approve(ApprovalGrant)
    /// An approved request is sent.
    case useApproval(ApprovalID, GuardedRequest, by: UInt32)
    /// One more backup that somebody looks after, and what it needs; nil for every epoch that is left.
    case registerBackup(BackupRow, epochs: [EpochNumber]?)
    case expireBackup(BackupID)
    /// Its manifest is made: it needs these epochs.
    case describeBackup(BackupID, epochs: [EpochNumber])
    case completeBackup(BackupID)
    /// A claim that was erased after the backup that brought it back.
    case replayErasure(ImageID, NamespaceName, ReferenceID, ReceiptID)
    /// Every fetch ticket.
    case dropTickets
    /// An epoch whose key is gone with the generation that this event names.
    case destroyEpoch(EpochDestruction)
    /// The store's files are purged.
    case purged(PurgeRow)
    /// One more copy of the keyring, and what it opens; nil for every epoch that is left.
    case registerEscrow(EscrowRow, epochs: [EpochNumber]?)
    /// Somebody's word that it is destroyed.
    case attestEscrow(EscrowID, EscrowRow.Attestation)
    case placeHold(HoldRow)
    case releaseHold(HoldID)
    /// Bodies of events that go, of those from before a time; and how far, where they go for their age.
    case eraseEvents(Range<UInt64>, before: Int64, pruned: UInt64?)
    /// The name behind a pseudonym goes.
    case eraseName(Pseudonym)
    case createToken(AccessTokenRow)
    /// Another secret, until a later end; the one before goes on for a while.
    case rotateToken(AccessTokenID, BearerDigest, previousUntil: Int64, expires: Int64)
    case revokeToken(AccessTokenID)
    case createTicket(TicketRow)
    /// One reading less.
    case useTicket(TicketID)
    /// Somebody's word on what no program can see, in the place of an earlier one.
    case attest(AttestationRow)
    case plantCanary(CanaryRow)
    case liftCanary(ImagePlace)
    case openIncident(IncidentRow)
    /// One as it is from now on, made of what it was.
    case changeIncident(IncidentRow)
    /// Until when every claim on an image is kept.
    case setRetention(image: ImageID, namespace: NamespaceName, Retention, extendOnly: Bool)
}

/// What became of a change.
package enum ChangeResult: Hashable, Sendable {
    case none
    /// - Parameters:
    ///   - image: the row that now stands for the image, older than the one offered if it was known.
    ///   - reference: the claim's row.
    ///   - unused: the offered blob, when an older one stays.
    case put(image: ImageRow, reference: ReferenceRow, unused: BlobID?)
    /// - Parameter erased: the blob to remove, when this was the last claim.
    case dropped(reference: ReferenceID, remaining: Int, erased: BlobID?)
    case operation(OperationRow)
    /// - Parameters:
    ///   - erased: the blob to remove, where an image went with a claim.
    ///   - asTold: whether what the step's event says of an image came about.
    case advanced(OperationRow, erased: BlobID?, asTold: Bool)
    case quarantined(ImageRow)
    case asked(ApprovalRow)
    /// - Parameter erased: the blob to remove, where an image was erased.
    case approved(ApprovalRow, erased: BlobID?)
    case backup(BackupRow)
    /// With the approval, where it took one.
    case destroyed(EpochNumber, ApprovalRow?)
    case escrow(EscrowRow)
    case hold(HoldRow)
    /// As it is now, or was when it was lifted.
    case canary(CanaryRow)
    /// As it is now, or was when it was revoked.
    case token(AccessTokenRow)
    case attested(AttestationRow)
    case incident(IncidentRow)
    /// How many claims have it.
    case retention(Int)
    /// How many events lost their bodies.
    case erasedEvents(Int)
}

extension ChangeResult {
    /// Adds to the change's event what is known only now.
    func complete(_ event: inout Event) {
        switch self {
        case .none, .quarantined, .retention, .erasedEvents, .canary: break
        case .put(_, let reference, _): event.epoch = reference.key.epoch
        case .dropped(let reference, _, _): event.reference = reference
        case .operation(let operation): tell(of: operation, &event)
        case .advanced(let operation, _, let asTold):
            tell(of: operation, &event)
            guard !asTold else { break }
            // The step is done, and left the image as it was: the log says no more.
            event.action = .operationAdvanced
            (event.namespace, event.image, event.reference) = (nil, nil, nil)
            (event.receipt, event.reason) = (nil, nil)
        case .asked(let approval):
            event.approval = approval.approval
            event.work = approval.kind.name
            if case .request(let request) = approval.subject {
                event.work = request.verb.rawValue
                event.statement = approval.digest
            }
        case .approved(let approval, let erased):
            event.action = erased == nil ? .imageReleased : .imageErased
            if case .image(let namespace, let image) = approval.subject {
                event.namespace = namespace
                event.image = image
            }
            event.work = approval.kind.name
        case .backup(let backup): event.backup = backup.backup
        case .escrow(let escrow): event.escrow = escrow.escrow
        case .token(let token):
            event.token = token.token
            event.principal = token.principal
            event.scopes = token.scopes
            event.until = .until(microseconds: token.expiresMicroseconds)
        case .attested(let row):
            event.item = row.item
            event.statement = row.evidence
            event.bytes = row.evidenceBytes
            event.until = .until(microseconds: row.expiresMicroseconds)
        case .incident(let incident):
            event.incident = incident.incident
            event.principal = incident.principal
            event.statement = incident.file.digest
        case .hold(let hold):
            event.hold = hold.hold
            event.work = hold.subject.kind.name
            event.namespace = hold.subject.namespace
            if case .image(_, let image) = hold.subject { event.image = image }
            if case .backup(let backup) = hold.subject { event.backup = backup }
        case .destroyed(let epoch, let approval):
            event.action = .epochDestroyed
            event.epoch = epoch
            event.approval = approval?.approval
            event.work = approval?.kind.name
        }
    }

    private func tell(of operation: OperationRow, _ event: inout Event) {
        event.operation = operation.operation
        event.work = operation.kind.name
        event.progress = operation.progress
    }
}

extension Change {
    /// Carries the change out inside a transaction.
    ///
    /// Everything that can refuse comes before the first write, so that a refused change leaves the
    /// transaction as it was.
    ///
    /// - Parameters:
    ///   - index: the log index of the change's event.
    ///   - microseconds: the time of the event.
    ///   - retention: what the settings say of each namespace.
    func apply(
        to catalog: any CatalogWriter, keyring: Keyring?, index: UInt64, at microseconds: Int64,
        under retention: RetentionPolicies
    ) throws(ChangeFailure) -> ChangeResult {
        switch self {
        case .none: return .none
        case .put(let image, let reference, let quota):
            return try PutChange(
                catalog: catalog, keyring: try unsealed(keyring), index: index, retention: retention
            ).put(image, reference, quota)
        case .drop(let image, let namespace, let claim, let receipt):
            return try erasure(catalog, keyring, index, microseconds, retention)
                .drop(image, namespace, claim, receipt)
        case .prove(let slot, let time):
            let keyring = try unsealed(keyring)
            let proof = SlotProof(slot: slot, provedMicroseconds: time)
            try catalogued { () throws(StorageError) in
                try catalog.setSlotProof(proof.authenticated(by: keyring, at: index))
            }
            return .none
        case .removeSlot(let slot, let remaining):
            try Self.remove(slot, remaining, catalog, try unsealed(keyring))
            return .none
        case .startOperation, .startErasure, .moveOperation, .advanceOperation:
            let change = OperationChange(
                catalog: catalog, keyring: try unsealed(keyring), index: index,
                microseconds: microseconds, retention: retention)
            return try change.apply(self)
        case .quarantine(let image, let namespace):
            return try quarantine(catalog, keyring, index, microseconds, retention)
                .quarantine(image, namespace)
        case .ask(let row):
            return try quarantine(catalog, keyring, index, microseconds, retention).ask(row)
        case .approve(let grant):
            return try quarantine(catalog, keyring, index, microseconds, retention).approve(grant)
        case .useApproval(let id, let request, let uid):
            return try quarantine(catalog, keyring, index, microseconds, retention)
                .use(id, for: request, by: uid)
        case .registerBackup(let row, let needed):
            return try epochs(catalog, keyring, index, microseconds).register(row, needed)
        case .expireBackup(let id):
            return try epochs(catalog, keyring, index, microseconds).expire(id)
        case .describeBackup(let id, let needed):
            return try epochs(catalog, keyring, index, microseconds).describe(id, needed)
        case .replayErasure(let image, let namespace, let reference, let receipt):
            return try erasure(catalog, keyring, index, microseconds, retention)
                .replay(image, namespace, reference, receipt)
        case .dropTickets:
            _ = try unsealed(keyring)
            try catalogued { () throws(StorageError) in
                try catalog.deleteTickets(expiredAt: .max, limit: .max)
            }
            return .none
        case .completeBackup(let id):
            return try epochs(catalog, keyring, index, microseconds).complete(id)
        case .destroyEpoch(let destruction):
            try epochs(catalog, keyring, index, microseconds).destroy(destruction)
            return .destroyed(destruction.epoch, nil)
        case .registerEscrow(let row, let opened):
            return try epochs(catalog, keyring, index, microseconds).register(row, opened)
        case .attestEscrow(let id, let attestation):
            return try epochs(catalog, keyring, index, microseconds).attest(id, attestation)
        case .eraseEvents(let indexes, let before, let pruned):
            _ = try unsealed(keyring)
            return try catalogued { () throws(StorageError) in
                let count = try catalog.eraseEvents(indexes, before: before)
                if let pruned { try catalog.setPrunedEvents(pruned) }
                return .erasedEvents(count)
            }
        case .eraseName(let pseudonym):
            _ = try unsealed(keyring)
            let isGone = try catalogued { () throws(StorageError) in
                try catalog.deletePseudonym(pseudonym)
            }
            guard isGone else { throw .refused(VaultError(.unknownName)) }
            return .none
        case .createToken, .rotateToken, .revokeToken, .createTicket, .useTicket:
            let change = BearerChange(
                catalog: catalog, keyring: try unsealed(keyring), index: index,
                microseconds: microseconds)
            return try change.apply(self)
        case .attest(let offered):
            let row = offered.authenticated(by: try unsealed(keyring), at: index)
            try catalogued { () throws(StorageError) in try catalog.setAttestation(row) }
            return .attested(row)
        case .plantCanary(let row):
            return .canary(try canaries(catalog, keyring, index).plant(row))
        case .liftCanary(let place):
            return .canary(try canaries(catalog, keyring, index).lift(place))
        case .openIncident(let row):
            return .incident(
                try IncidentChange(
                    catalog: catalog, keyring: try unsealed(keyring), index: index
                ).open(row))
        case .changeIncident(let row):
            return .incident(
                try IncidentChange(
                    catalog: catalog, keyring: try unsealed(keyring), index: index
                ).change(row))
        case .purged, .placeHold, .releaseHold, .setRetention:
            return try erasure(catalog, keyring, index, microseconds, retention).apply(self)
        }
    }

    private static func remove(
        _ slot: SlotID, _ remaining: [SlotID], _ catalog: any CatalogWriter, _ keyring: Keyring
    ) throws(ChangeFailure) {
        let proofs = try catalogued { () throws(StorageError) in try catalog.slotProofs() }
        let isLeft = proofs.contains { remaining.contains($0.slot) && $0.holds(with: keyring) }
        guard isLeft else { throw .refused(VaultError(.lastProvedSlot)) }
        try catalogued { () throws(StorageError) in try catalog.deleteSlotProof(of: slot) }
    }

    private func quarantine(
        _ catalog: any CatalogWriter, _ keyring: Keyring?, _ index: UInt64, _ microseconds: Int64,
        _ retention: RetentionPolicies
    ) throws(ChangeFailure) -> QuarantineChange {
        QuarantineChange(
            catalog: catalog, keyring: try unsealed(keyring), index: index,
            microseconds: microseconds, retention: retention)
    }

    private func erasure(
        _ catalog: any CatalogWriter, _ keyring: Keyring?, _ index: UInt64, _ microseconds: Int64,
        _ retention: RetentionPolicies
    ) throws(ChangeFailure) -> ErasureChange {
        ErasureChange(
            catalog: catalog, keyring: try unsealed(keyring), index: index,
            microseconds: microseconds, retention: retention)
    }

    private func epochs(
        _ catalog: any CatalogWriter, _ keyring: Keyring?, _ index: UInt64, _ microseconds: Int64
    ) throws(ChangeFailure) -> EpochChange {
        EpochChange(
            catalog: catalog, keyring: try unsealed(keyring), index: index,
            microseconds: microseconds)
    }

    private func canaries(
        _ catalog: any CatalogWriter, _ keyring: Keyring?, _ index: UInt64
    ) throws(ChangeFailure) -> CanaryChange {
        CanaryChange(catalog: catalog, keyring: try unsealed(keyring), index: index)
    }

    private func unsealed(_ keyring: Keyring?) throws(ChangeFailure) -> Keyring {
        guard let keyring else { throw .refused(VaultError(.sealed)) }
        return keyring
    }
}

/// Why a change was not made: it may not be, or the catalog could not.
enum ChangeFailure: Error {
    case refused(VaultError)
    case storage(StorageError)
}

func catalogued<R>(
    _ body: () throws(StorageError) -> R
) throws(ChangeFailure) -> R {
    do { return try body() } catch { throw .storage(error) }
}

func refusing(_ body: () throws(VaultError) -> Void) throws(ChangeFailure) {
    do { try body() } catch { throw .refused(error) }
}
