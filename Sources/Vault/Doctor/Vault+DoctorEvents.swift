// The events of a doctor's look and of somebody's word.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// Leaves the event of a result that is about to be handed out. While the log cannot be written that is what the
    /// result says.
    ///
    /// - Parameter digest: SHA-256 of the result as it is handed out.
    package func recordDoctor(
        _ verdicts: [DoctorVerdict], digest: Digest256, _ call: Call
    ) async throws(VaultError) {
        var event = event(.doctorRan, call)
        event.statement = digest
        event.progress = OperationProgress(
            last: 0, total: verdicts.count, done: verdicts.count,
            found: verdicts.count { $0 == .warning },
            failures: verdicts.count { $0 == .failure })
        try await recordIfWritable(event)
    }

    /// Keeps somebody's word on what no program can see, in the place of an earlier one.
    ///
    /// - Parameters:
    ///   - evidence: the digest of what he keeps, and its bytes.
    ///   - expires: ``VaultFormat/Limits/attestationDays`` from now.
    /// - Throws: ``VaultError`` `invalid-body`.
    package func attest(
        _ item: DoctorItem, evidence: Digest256, bytes: Int, expires: Int64, _ call: Call
    ) async throws(VaultError) -> AttestationRow {
        try await audited(.attestationMade, call) { () async throws(VaultError) in
            let now = clock.nowMicroseconds()
            let most = now + Int64(Limits.attestationDays.upperBound) * 86_400_000_000
            guard item.isAttested, expires > now, expires <= most else {
                throw VaultError(.invalidBody)
            }
            let row = AttestationRow(
                item: item, evidence: evidence, evidenceBytes: bytes, attester: call.caller.uid,
                madeMicroseconds: now, expiresMicroseconds: expires)
            let committed = try await committer.commit(
                .attest(row), event(.attestationMade, call))
            guard case .attested(let made) = committed.result else {
                throw VaultError(.internalError)
            }
            return made
        }
    }
}
