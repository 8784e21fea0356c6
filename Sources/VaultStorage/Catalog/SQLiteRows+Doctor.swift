// The rows of attestations.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let attestationColumns =
        "item, evidence, bytes, attester, made, expires, changed, mac"

    func attestations() throws(StorageError) -> [AttestationRow] {
        let rows = try all("SELECT \(Self.attestationColumns) FROM attestation", []) {
            row throws in try AttestationRow(row)
        }
        return DoctorItem.allCases.compactMap { item in rows.first { $0.item == item } }
    }

    func attestation(of item: DoctorItem) throws(StorageError) -> AttestationRow? {
        try first(
            "SELECT \(Self.attestationColumns) FROM attestation WHERE item = ?", [item.rawValue]
        ) { row throws in try AttestationRow(row) }
    }

    func setAttestation(_ attestation: AttestationRow) throws(StorageError) {
        try run(
            """
            INSERT OR REPLACE INTO attestation (\(Self.attestationColumns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                attestation.item.rawValue, attestation.evidence.bytes,
                attestation.evidenceBytes, Int64(attestation.attester),
                attestation.madeMicroseconds, attestation.expiresMicroseconds,
                Int64(clamping: attestation.changedAt), attestation.mac.bytes,
            ])
    }
}

extension AttestationRow {
    fileprivate init(_ row: RawStatement) throws {
        let bytes: Int = try value(row, 2)
        guard let item = DoctorItem(rawValue: try value(row, 0)), bytes >= 0 else {
            throw StorageError.damaged
        }
        self.init(
            item: item, evidence: try Digest256(bytes: VaultStorage.bytes(row, 1)),
            evidenceBytes: bytes, attester: try value(row, 3), madeMicroseconds: try value(row, 4),
            expiresMicroseconds: try value(row, 5), changedAt: try value(row, 6),
            mac: try RowMAC(bytes: VaultStorage.bytes(row, 7)))
    }
}
