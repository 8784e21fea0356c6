// Rows that decide, laid out and authenticated as a second implementation does. ObjectFormat §8.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Laid-out rows")
struct RowVectorTests {
    @Test("a row's authenticator is the second implementation's")
    func rows() throws {
        let keyring = try FixedVault.keyring()
        let vectors = try Vectors.load("lookups", as: LookupVectors.self).rows
        #expect(vectors.count == 27)
        for vector in vectors {
            let fields = vector.fields
            let mac: RowMAC
            if let of = try erasure(fields, keyring) {
                mac = of
            } else if fields.operation != nil {
                mac = try operation(fields).authenticated(by: keyring, at: fields.changed).mac
            } else if fields.backup != nil {
                mac = try backup(fields).authenticated(by: keyring, at: fields.changed).mac
            } else if fields.approval != nil {
                let row = try approval(fields)
                #expect(row.digest.hex == fields.digest)
                mac = row.authenticated(by: keyring, at: fields.changed).mac
            } else {
                mac = try image(fields).authenticated(by: keyring, at: fields.changed).mac
            }
            #expect(mac.hex == vector.mac, "\(vector.rule)")
        }
    }

    /// Of a row of what erases and of what forbids it; nil for a row of anything else.
    private func erasure(
        _ fields: LookupVectors.LaidOut.Fields, _ keyring: Keyring
    ) throws -> RowMAC? {
        func mac(_ row: some AuthenticatedRow) -> RowMAC {
            row.authenticated(by: keyring, at: fields.changed).mac
        }
        if fields.receipt != nil { return try mac(receipt(fields)) }
        if let through = fields.through {
            return mac(PurgeRow(through: through, atMicroseconds: fields.created))
        }
        if fields.escrow != nil { return try mac(escrow(fields)) }
        if fields.hold != nil { return try mac(hold(fields)) }
        if fields.canary != nil { return try mac(canary(fields)) }
        if fields.token != nil { return try mac(accessToken(fields)) }
        if fields.ticket != nil { return try mac(ticket(fields)) }
        if fields.item != nil { return try mac(attestation(fields)) }
        if fields.incident != nil { return try mac(incident(fields)) }
        guard fields.reference != nil else { return nil }
        let image = try ImageRow(
            row: 0, namespace: NamespaceName(given(fields.namespace)),
            image: ImageID(hex: given(fields.image)), blob: BlobID(checked: []), type: .png,
            width: 1, height: 1, storedBytes: 1,
            verdict: Verdict(level: .structure, inspectorVersion: 1, findings: [], flags: []),
            createdMicroseconds: 0, key: WrappedKey(epoch: .first, bytes: []), changedAt: 0,
            mac: RowMAC(checked: []))
        return try reference(fields).authenticated(of: image, by: keyring, at: fields.changed).mac
    }

    private func receipt(_ fields: LookupVectors.LaidOut.Fields) throws -> ReceiptRow {
        let namespace = try given(fields.namespace)
        let (image, operation) = (try given(fields.image), try given(fields.operation))
        let (epoch, event) = (try given(fields.epoch), try given(fields.event))
        let left = try given(fields.left)
        return ReceiptRow(
            receipt: try ReceiptID(hex: given(fields.receipt)),
            kind: try given(ErasureKind(rawValue: given(fields.kind))),
            namespace: namespace.isEmpty ? nil : try NamespaceName(namespace),
            image: image.isEmpty ? nil : try ImageID(hex: image),
            operation: operation.isEmpty ? nil : try OperationID(hex: operation),
            askedMicroseconds: fields.created, claims: try given(fields.claims),
            images: try given(fields.images), storedBytes: try given(fields.bytes),
            left: left == -1 ? nil : left, epoch: epoch == 0 ? nil : try EpochNumber(epoch),
            event: UInt64(exactly: event))
    }

    private func attestation(_ fields: LookupVectors.LaidOut.Fields) throws -> AttestationRow {
        AttestationRow(
            item: try given(DoctorItem(rawValue: given(fields.item))),
            evidence: try Digest256(hex: given(fields.evidence)),
            evidenceBytes: try given(fields.bytes), attester: try given(fields.attester),
            madeMicroseconds: fields.created, expiresMicroseconds: try given(fields.expires))
    }

    private func escrow(_ fields: LookupVectors.LaidOut.Fields) throws -> EscrowRow {
        let (attester, attested) = (try given(fields.attester), try given(fields.attested))
        return EscrowRow(
            escrow: try EscrowID(hex: given(fields.escrow)), createdMicroseconds: fields.created,
            creator: try given(fields.creator),
            epochs: try given(fields.epochs).map { try EpochNumber($0) },
            note: try AdminNote(given(fields.note)),
            destroyed: attested == 0 ? nil : .init(uid: attester, atMicroseconds: attested))
    }

    private func hold(_ fields: LookupVectors.LaidOut.Fields) throws -> HoldRow {
        let namespace = try given(fields.namespace)
        return HoldRow(
            hold: try HoldID(hex: given(fields.hold)),
            subject: try HoldSubject(
                given(HoldKind(rawValue: given(fields.kind))),
                namespace.isEmpty ? nil : NamespaceName(namespace), given(fields.subject).bytes),
            createdMicroseconds: fields.created, creator: try given(fields.creator),
            note: try AdminNote(given(fields.note)))
    }

    private func canary(_ fields: LookupVectors.LaidOut.Fields) throws -> CanaryRow {
        CanaryRow(
            place: ImagePlace(
                try NamespaceName(given(fields.namespace)), try ImageID(hex: given(fields.image))),
            createdMicroseconds: fields.created, creator: try given(fields.creator),
            note: try AdminNote(given(fields.note)))
    }

    private func accessToken(
        _ fields: LookupVectors.LaidOut.Fields
    ) throws -> AccessTokenRow {
        let previous = try given(fields.previous).bytes
        return AccessTokenRow(
            token: try AccessTokenID(hex: given(fields.token)),
            digest: try BearerDigest(hex: given(fields.digest)),
            previous: previous.isEmpty
                ? nil
                : .init(
                    digest: try BearerDigest(bytes: previous),
                    untilMicroseconds: try given(fields.until)),
            principal: try PrincipalName(given(fields.principal)),
            scopes: try TokenScopes(given(fields.scopes)), createdMicroseconds: fields.created,
            creator: try given(fields.creator), expiresMicroseconds: try given(fields.expires),
            note: try AdminNote(given(fields.note)))
    }

    private func incident(_ fields: LookupVectors.LaidOut.Fields) throws -> IncidentRow {
        let (principal, actor) = (try given(fields.principal), try given(fields.actor))
        let (grade, closed) = (try given(fields.grade), try given(fields.closed))
        return IncidentRow(
            incident: try IncidentID(hex: given(fields.incident)),
            cause: try IncidentCause(name: given(fields.cause)),
            principal: principal.isEmpty ? nil : try PrincipalName(principal),
            actor: actor.isEmpty ? nil : try Pseudonym(hex: actor),
            openedMicroseconds: try given(fields.opened), creator: try given(fields.creator),
            note: try AdminNote(given(fields.note)),
            closedMicroseconds: closed == 0 ? nil : closed,
            events: try given(fields.from)..<given(fields.to),
            file: .init(
                bytes: try given(fields.bytes), records: try given(fields.records),
                digest: try Digest256(hex: given(fields.digest))),
            containment: try ContainmentGrade(rawValue: grade).map {
                .init(
                    grade: $0, endsMicroseconds: try given(fields.ends),
                    setter: try given(fields.setter))
            })
    }

    private func ticket(_ fields: LookupVectors.LaidOut.Fields) throws -> TicketRow {
        let (owner, job) = (try given(fields.owner), try given(fields.job))
        return TicketRow(
            ticket: try TicketID(hex: given(fields.ticket)),
            digest: try BearerDigest(hex: given(fields.digest)),
            namespace: try NamespaceName(given(fields.namespace)),
            image: try ImageID(hex: given(fields.image)),
            claim: ClaimIndex(
                owner: owner.isEmpty ? nil : try BlindIndex(hex: owner),
                job: job.isEmpty ? nil : try BlindIndex(hex: job)),
            principal: try PrincipalName(given(fields.principal)), reads: try given(fields.reads),
            expiresMicroseconds: try given(fields.expires))
    }

    private func reference(_ fields: LookupVectors.LaidOut.Fields) throws -> ReferenceRow {
        let (owner, job) = (try given(fields.owner), try given(fields.job))
        return ReferenceRow(
            row: 0, imageRow: 0, reference: try ReferenceID(hex: given(fields.reference)),
            claim: ClaimIndex(
                owner: owner.isEmpty ? nil : try BlindIndex(hex: owner),
                job: job.isEmpty ? nil : try BlindIndex(hex: job)),
            sealedBody: try given(fields.body).bytes,
            retention: Retention(column: try given(fields.retention)),
            key: WrappedKey(epoch: .first, bytes: []), changedAt: 0, mac: RowMAC(checked: []))
    }

    @Test("parameters of an erasure and of an expiry have one spelling")
    func erasures() throws {
        let index = BlindIndex(checked: [UInt8](repeating: 7, count: BlindIndex.byteCount))
        for (owner, job) in [(index, index), (index, nil), (nil, index)]
            as [(BlindIndex?, BlindIndex?)]
        {
            let parameters = try ErasureParameters(namespace: .standard, owner: owner, job: job)
            #expect(try ErasureParameters(parsing: parameters.encoded) == parameters)
        }
        #expect(throws: FormatError.outOfRange(field: "claim")) {
            try ErasureParameters(namespace: .standard, owner: nil, job: nil)
        }
        let head: [UInt8] = [1, 7] + Array("default".utf8)
        let faults: [([UInt8], FormatError)] = [
            ([], .truncated), ([2], .unknownVersion(2)),
            (head + [0, 0], .outOfRange(field: "claim")),
            (head + [1, 7, 0], .wrongLength(expected: 16, actual: 1)),
            (head + [16] + index.bytes + [0, 0], .trailingBytes),
        ]
        for (bytes, error) in faults {
            #expect(throws: error) { try ErasureParameters(parsing: bytes) }
        }
        let expiry = ExpiryParameters(throughMicroseconds: -5)
        #expect(try ExpiryParameters(parsing: expiry.encoded) == expiry)
        #expect(throws: FormatError.trailingBytes) {
            try ExpiryParameters(parsing: expiry.encoded + [0])
        }
        #expect(throws: FormatError.unknownVersion(3)) {
            try ExpiryParameters(parsing: [3] + expiry.encoded.dropFirst())
        }
    }

    @Test("parameters of a re-inspection have one spelling")
    func parameters() throws {
        for parameters in [
            ReinspectionParameters(level: .structure), ReinspectionParameters(below: 1),
            ReinspectionParameters(below: 7, level: .decode, quarantines: true),
            ReinspectionParameters(below: .max, level: .decode, quarantines: true, isTrial: true),
        ] {
            #expect(try ReinspectionParameters(parsing: parameters.encoded) == parameters)
        }
        let faults: [([UInt8], FormatError)] = [
            ([], .truncated), ([2, 1, 0, 0, 0, 0, 0], .unknownVersion(2)),
            ([1, 3, 0, 0, 0, 0, 0], .unknownValue(field: "level")),
            ([1, 1, 4, 0, 0, 0, 0], .outOfRange(field: "bits")),
            ([1, 1, 0, 0, 0, 0], .truncated), ([1, 1, 0, 0, 0, 0, 0, 0], .trailingBytes),
        ]
        for (bytes, error) in faults {
            #expect(throws: error) { try ReinspectionParameters(parsing: bytes) }
        }
    }

    /// A field that the kind of row has.
    private func given<Value>(_ value: Value?) throws -> Value { try #require(value) }

    private func image(_ fields: LookupVectors.LaidOut.Fields) throws -> ImageRow {
        ImageRow(
            row: 0, namespace: try NamespaceName(given(fields.namespace)),
            image: try ImageID(hex: given(fields.image)),
            blob: try BlobID(hex: given(fields.blob)),
            type: try given(ImageType(rawValue: given(fields.type))),
            width: try given(fields.width), height: try given(fields.height),
            storedBytes: try given(fields.bytes),
            verdict: Verdict(
                level: try given(InspectionLevel(rawValue: given(fields.level))),
                inspectorVersion: try given(fields.inspector),
                findings: try Verdict.findings(text: given(fields.findings)),
                flags: ImageFlags(rawValue: try given(fields.flags))),
            createdMicroseconds: fields.created,
            quarantinedMicroseconds: fields.quarantined == 0 ? nil : fields.quarantined,
            key: WrappedKey(epoch: .first, bytes: []), changedAt: 0, mac: RowMAC(checked: []))
    }

    private func approval(_ fields: LookupVectors.LaidOut.Fields) throws -> ApprovalRow {
        let state = try given(ApprovalState(rawValue: given(fields.state)))
        return ApprovalRow(
            row: 0, approval: try ApprovalID(hex: given(fields.approval)),
            kind: try given(ApprovalKind(rawValue: given(fields.kind))),
            subject: try subject(fields), requester: try given(fields.requester),
            createdMicroseconds: fields.created,
            expiresMicroseconds: try given(fields.expires), state: state,
            approver: state == .waiting ? nil : try given(fields.approver), changedAt: 0,
            mac: RowMAC(checked: []))
    }

    private func subject(_ fields: LookupVectors.LaidOut.Fields) throws -> ApprovalSubject {
        if let verb = fields.verb {
            return .request(
                try GuardedRequest(given(VerbName(rawValue: verb)), given(fields.words)))
        }
        guard let epoch = fields.epoch else {
            return .image(
                try NamespaceName(given(fields.namespace)), try ImageID(hex: given(fields.image)))
        }
        return .epoch(
            try EpochDestruction(
                epoch: EpochNumber(epoch),
                stranded: given(fields.strand).map { try BackupID(hex: $0) }))
    }

    private func backup(_ fields: LookupVectors.LaidOut.Fields) throws -> BackupRow {
        BackupRow(
            row: 0, backup: try BackupID(hex: given(fields.backup)),
            createdMicroseconds: fields.created,
            expiresMicroseconds: fields.expires == 0 ? nil : fields.expires,
            creator: try given(fields.creator),
            state: try given(BackupState(rawValue: given(fields.state))),
            epochs: try given(fields.epochs).map { try EpochNumber($0) },
            note: try AdminNote(given(fields.note)), changedAt: 0, mac: RowMAC(checked: []))
    }

    private func operation(_ fields: LookupVectors.LaidOut.Fields) throws -> OperationRow {
        OperationRow(
            row: 0, operation: try OperationID(hex: given(fields.operation)),
            kind: try given(OperationKind(rawValue: given(fields.kind))),
            parameters: try given(fields.parameters).bytes,
            creator: try given(fields.creator), createdMicroseconds: fields.created,
            state: try given(OperationState(rawValue: given(fields.state))),
            progress: OperationProgress(
                cursor: try given(fields.cursor), last: try given(fields.last),
                total: try given(fields.total), done: try given(fields.done),
                found: try given(fields.found), failures: try given(fields.failures)),
            failure: ErrorCode(rawValue: try given(fields.failure)),
            updatedMicroseconds: try given(fields.updated), changedAt: 0,
            mac: RowMAC(checked: []))
    }
}
