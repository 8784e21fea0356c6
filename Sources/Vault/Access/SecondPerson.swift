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
                try requireApprover(of: approval, verb)
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

    /// An approval holds for as long as who gave it might give it: by the policy in force his principal may approve,
    /// and do it himself. Who is in a group is told by the kernel when he calls, and not here: there the principal
    /// alone counts.
    ///
    /// - Throws: ``VaultError`` `second-person-required`. What else is wrong is told by the change.
    private func requireApprover(of id: ApprovalID, _ verb: VerbName) throws(VaultError) {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in try reader.approval(id) }
        guard let row = found, row.state == .approved, let approver = row.approver else { return }
        try row.verify(with: keyring)
        let given = try reading { (reader) throws(StorageError) in
            try reader.events(from: row.changedAt, limit: 1).first
        }
        // The row was changed last by its approval, whose event says as whom: every caller of a door is a principal.
        guard let event = given?.observation(keyring), event.action == .approvalGiven,
            let name = event.principal
        else { throw VaultError(.secondPersonRequired) }
        let holds = policyInForce.rules.contains { rule in
            rule.principal.name == name && (rule.users.contains(approver) || !rule.groups.isEmpty)
                && rule.principal.may(.approveRelease, at: .admin)
                && verb.doors.contains { rule.principal.may(verb, at: $0) }
        }
        guard holds else { throw VaultError(.secondPersonRequired) }
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
