// Attestations, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func attestations() throws(StorageError) -> [AttestationRow] {
        try faults.pass("attestations")
        return DoctorItem.allCases.compactMap { tables.attestations[$0] }
    }

    func attestation(of item: DoctorItem) throws(StorageError) -> AttestationRow? {
        try faults.pass("attestation")
        return tables.attestations[item]
    }

    func setAttestation(_ attestation: AttestationRow) throws(StorageError) {
        try faults.pass("setAttestation")
        tables.attestations[attestation.item] = attestation
    }
}
