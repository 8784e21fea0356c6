package import VaultFormat

/// The catalog's attestations: what somebody gave his word on.
package protocol AttestationReader {
    /// In the order of ``VaultFormat/DoctorItem``.
    func attestations() throws(StorageError) -> [AttestationRow]
    func attestation(of item: DoctorItem) throws(StorageError) -> AttestationRow?
}

package protocol AttestationWriter: AttestationReader {
    /// Takes the place of the one before.
    func setAttestation(_ attestation: AttestationRow) throws(StorageError)
}
