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
        #expect(vectors.count == 8)
        for vector in vectors {
            let fields = vector.fields
            let mac: RowMAC
            if fields.operation != nil {
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
            approver: state == .performed ? try given(fields.approver) : nil, changedAt: 0,
            mac: RowMAC(checked: []))
    }

    private func subject(_ fields: LookupVectors.LaidOut.Fields) throws -> ApprovalSubject {
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
            note: try BackupNote(given(fields.note)), changedAt: 0, mac: RowMAC(checked: []))
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
