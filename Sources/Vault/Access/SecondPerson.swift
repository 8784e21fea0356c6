// What one person may not do alone, where the settings say so: the request is asked for, somebody else approves
// its digest, and who asked sends it again, once.

package import VaultFormat

/// What waits until somebody else approves it, as who asked is told.
package struct AskedApproval: Hashable, Sendable {
    package let approval: ApprovalID
    package let digest: Digest256
    package let words: String
    package let expiresMicroseconds: Int64
}

extension Vault {
    /// Goes on where one person is enough, or the caller has the approval of exactly this request, which is
    /// used up with that.
    ///
    /// - Parameter request: made only where it is needed.
    /// - Throws: ``VaultError`` `approval-needed`, which has what waits now; `unknown-approval`,
    ///   `approval-used`, `approval-expired`, `approval-mismatch` or `second-person-required`.
    package func requireSecondPerson(
        _ verb: VerbName, _ call: Call, _ words: () -> String
    ) async throws(VaultError) {
        guard let rule = TwoPersonRule(verb), settings.twoPerson.contains(rule) else { return }
        guard let request = try? GuardedRequest(verb, words()) else {
            throw VaultError(.bodyTooLarge)
        }
        if let approval = call.approval {
            return try await audited(.approvalUsed, call) { () async throws(VaultError) in
                _ = try await committer.commit(
                    .useApproval(approval, request, by: call.caller.uid),
                    event(.approvalUsed, call))
            }
        }
        let row = try await audited(.approvalAsked, call) { () async throws(VaultError) in
            try await ask(request, call)
        }
        // What was asked for is on record.
        throw VaultError(
            .approvalNeeded,
            asked: AskedApproval(
                approval: row.approval, digest: row.digest, words: request.words,
                expiresMicroseconds: row.expiresMicroseconds)
        ).recorded
    }

    private func ask(
        _ request: GuardedRequest, _ call: Call
    ) async throws(VaultError) -> ApprovalRow {
        _ = try keyring()
        let now = clock.nowMicroseconds()
        let row = ApprovalRow(
            row: 0, approval: try random(), kind: .request, subject: .request(request),
            requester: call.caller.uid, createdMicroseconds: now,
            expiresMicroseconds: now + Limits.approvalSeconds * 1_000_000, state: .waiting,
            approver: nil, changedAt: 0, mac: RowMAC(checked: []))
        let committed = try await committer.commit(.ask(row), event(.approvalAsked, call))
        guard case .asked(let asked) = committed.result else { throw VaultError(.internalError) }
        return asked
    }
}
