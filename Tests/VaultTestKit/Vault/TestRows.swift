// Rows of random bytes, for tests of what only keeps rows.

package import Vault
package import VaultFormat

package struct TestRows: Sendable {
    private var random: SeededRandom

    package init(_ test: String = #function) { random = SeededRandom(test) }

    package mutating func id<ID: FixedBytes>(_: ID.Type = ID.self) -> ID {
        ID(checked: random.bytes(ID.byteCount))
    }

    package mutating func key(_ epoch: EpochNumber = .first) -> WrappedKey {
        WrappedKey(epoch: epoch, bytes: random.bytes(WrapContext.wrappedBytes))
    }

    package mutating func image(
        _ image: ImageID? = nil, in namespace: NamespaceName = .standard, blob: BlobID? = nil,
        storedBytes: Int? = nil, epoch: EpochNumber = .first
    ) -> ImageRow {
        ImageRow(
            row: 0, namespace: namespace, image: image ?? id(), blob: blob ?? id(),
            type: Bool.random(using: &random) ? .jpeg : .png,
            width: .random(in: 1...60_000, using: &random),
            height: .random(in: 1...60_000, using: &random),
            storedBytes: storedBytes ?? .random(in: 1...Limits.imageBytes, using: &random),
            verdict: Verdict(
                level: .structure, inspectorVersion: 7,
                findings: [Finding(code: .trailerData, offset: 99), Finding(code: .jpegMarker)],
                flags: [.gps, .makerNote]),
            createdMicroseconds: .random(in: 0...Int64.max, using: &random), key: key(epoch),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func reference(
        of image: Int64, owner: BlindIndex? = nil, job: BlindIndex? = nil,
        epoch: EpochNumber = .first
    ) -> ReferenceRow {
        ReferenceRow(
            row: 0, imageRow: image, reference: id(), claim: ClaimIndex(owner: owner, job: job),
            sealedBody: random.bytes(552), key: key(epoch),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func pseudonym(
        _ kind: Pseudonym.Kind, _ index: BlindIndex, _ pseudonym: Pseudonym? = nil
    ) -> PseudonymRow {
        PseudonymRow(
            pseudonym: pseudonym ?? id(), kind: kind, index: index, sealedName: random.bytes(60))
    }

    package mutating func operation(_ state: OperationState) -> OperationRow {
        OperationRow(
            row: 0, operation: id(), kind: .reinspect, parameters: random.bytes(7),
            creator: .random(in: 0...UInt32.max, using: &random),
            createdMicroseconds: .random(in: 0...Int64.max / 2, using: &random), state: state,
            progress: OperationProgress(
                cursor: 3, last: .random(in: 3...Int64.max, using: &random), total: 50, done: 5,
                found: 1, failures: 2),
            failure: state == .failed ? .rowDamaged : nil,
            updatedMicroseconds: .random(in: 0...Int64.max / 2, using: &random),
            changedAt: .random(in: 0...UInt64(Int64.max / 2), using: &random), mac: id())
    }

    package mutating func finding(
        of operation: Int64, code: ErrorCode = .imageRefused
    ) -> OperationFindingRow {
        OperationFindingRow(
            row: 0, operation: operation, namespace: .standard, image: id(), code: code,
            finding: code == .imageRefused ? Finding(code: .trailerData, offset: 12) : nil)
    }

    package mutating func answer(
        _ lookup: BlindIndex? = nil, of principal: BlindIndex? = nil, at microseconds: Int64 = 5
    ) -> KeptAnswerRow {
        KeptAnswerRow(
            lookup: lookup ?? id(), principal: principal ?? id(),
            createdMicroseconds: microseconds,
            index: .random(in: 0...UInt64(Int64.max), using: &random), sealed: random.bytes(200))
    }

    package mutating func approval(
        _ state: ApprovalState = .waiting, expires: Int64 = 100,
        subject: ApprovalSubject? = nil
    ) -> ApprovalRow {
        ApprovalRow(
            row: 0, approval: id(), kind: subject == nil ? .eraseImage : .destroyEpoch,
            subject: subject ?? .image(TestKeys.clinic, id()),
            requester: .random(in: 0...UInt32.max, using: &random),
            createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            expiresMicroseconds: expires, state: state, approver: state == .performed ? 0 : nil,
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func backup(_ epochs: [EpochNumber] = [.first]) throws -> BackupRow {
        BackupRow(
            row: 0, backup: id(), createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            expiresMicroseconds: Bool.random(using: &random) ? nil : 77,
            creator: .random(in: 0...UInt32.max, using: &random), state: .kept, epochs: epochs,
            note: try AdminNote("tape 7"),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func receipt(
        of operation: OperationID? = nil, in namespace: NamespaceName? = .standard,
        event: UInt64? = nil
    ) -> ReceiptRow {
        ReceiptRow(
            receipt: id(), kind: operation == nil ? .image : .claims, namespace: namespace,
            image: operation == nil ? id() : nil, operation: operation,
            askedMicroseconds: .random(in: 0...Int64.max, using: &random), claims: 3, images: 2,
            storedBytes: .random(in: 0...Int.max, using: &random),
            left: operation == nil ? 0 : nil, epoch: event == nil ? nil : .first, event: event,
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func escrow(_ epochs: [EpochNumber] = [.first]) throws -> EscrowRow {
        EscrowRow(
            escrow: id(), createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            creator: .random(in: 0...UInt32.max, using: &random), epochs: epochs,
            note: try AdminNote("safe 3"),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func attestation(of item: DoctorItem = .firewall) -> AttestationRow {
        AttestationRow(
            item: item, evidence: id(), evidenceBytes: .random(in: 0...Int.max, using: &random),
            attester: .random(in: 0...UInt32.max, using: &random),
            madeMicroseconds: .random(in: 0...Int64.max, using: &random),
            expiresMicroseconds: .random(in: 0...Int64.max, using: &random),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func hold(_ subject: HoldSubject) throws -> HoldRow {
        HoldRow(
            hold: id(), subject: subject,
            createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            creator: .random(in: 0...UInt32.max, using: &random), note: try AdminNote("case 7"),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func canary(at place: ImagePlace? = nil) throws -> CanaryRow {
        CanaryRow(
            place: place ?? ImagePlace(.standard, id()),
            createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            creator: .random(in: 0...UInt32.max, using: &random), note: try AdminNote("cellar"),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func accessToken() throws -> AccessTokenRow {
        AccessTokenRow(
            token: id(), digest: id(),
            previous: Bool.random(using: &random)
                ? .init(
                    digest: id(), untilMicroseconds: .random(in: 1...Int64.max, using: &random))
                : nil,
            principal: try PrincipalName("thumbs"),
            scopes: TokenScopes([.getImages, .probeImages]),
            createdMicroseconds: .random(in: 0...Int64.max, using: &random),
            creator: .random(in: 0...UInt32.max, using: &random),
            expiresMicroseconds: .random(in: 0...Int64.max, using: &random),
            note: try AdminNote("host 7"),
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func incident(
        of principal: PrincipalName?, containment: IncidentRow.Containment? = nil
    ) throws -> IncidentRow {
        IncidentRow(
            incident: id(), cause: Bool.random(using: &random) ? .hand : .rule(.canaryRead),
            principal: principal, actor: principal == nil ? nil : id(),
            openedMicroseconds: .random(in: 0...Int64.max, using: &random),
            creator: .random(in: 0...UInt32.max, using: &random), note: try AdminNote("seen"),
            events: 3..<9, file: .init(bytes: 700, records: 4, digest: id()),
            containment: containment,
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func ticket(expires: Int64 = 10) throws -> TicketRow {
        TicketRow(
            ticket: id(), digest: id(), namespace: .standard, image: id(),
            claim: ClaimIndex(owner: id(), job: nil), principal: try PrincipalName("web"),
            reads: .random(in: 1...UInt32.max, using: &random), expiresMicroseconds: expires,
            changedAt: .random(in: 0...UInt64(Int64.max), using: &random), mac: id())
    }

    package mutating func event(
        _ index: UInt64, image: ImageID? = nil, isSealed: Bool = true
    ) -> EventRow {
        let content = random.bytes(300)
        return EventRow(
            index: index, atMicroseconds: .random(in: 0...Int64.max, using: &random),
            action: .imagePut, outcome: .refused, image: image, digest: id(),
            content: isSealed ? .sealed(content) : .clear(content))
    }
}
