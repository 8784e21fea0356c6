// Images that nobody may read: put there at once, given back or erased only when a request was approved.

import VaultCrypto
package import VaultFormat

/// A page of quarantined images and where the next begins.
package struct QuarantinePage: Sendable {
    package let images: [ImageRow]
    package let next: Int64?
}

/// A page of requests that wait and where the next begins.
package struct ApprovalPage: Sendable {
    package let approvals: [ApprovalRow]
    package let next: Int64?
}

/// An approval that was carried out, and the receipt of what it erased.
package struct PerformedApproval: Hashable, Sendable {
    package let approval: ApprovalRow
    /// Nil where nothing was.
    package let receipt: ReceiptID?
}

extension Vault {
    /// Makes an image unreadable to everyone. A reading that had begun ends as it would have.
    ///
    /// - Throws: ``VaultError`` `unknown-image`.
    package func quarantine(
        _ id: ImageID, in namespace: NamespaceName, _ call: Call
    ) async throws(VaultError) -> ImageRow {
        try await audited(.imageQuarantined, call, image: id) { () async throws(VaultError) in
            var event = event(.imageQuarantined, call, image: id)
            event.namespace = namespace
            let committed = try await committer.commit(
                .quarantine(image: id, namespace: namespace), event)
            guard case .quarantined(let image) = committed.result else {
                throw VaultError(.internalError)
            }
            return image
        }
    }

    package func quarantined(
        after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> QuarantinePage {
        try await audited(.quarantineRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.quarantinedImages(after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.quarantineRead, call))
            return QuarantinePage(
                images: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    /// Asks that a quarantined image be released or erased.
    ///
    /// - Parameter answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `unknown-image` or `not-quarantined`.
    package func request(
        _ kind: ApprovalKind, _ id: ImageID, in namespace: NamespaceName, _ call: Call,
        at place: RequestPlace?, _ answer: @Sendable (ApprovalRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.quarantineRequested, call, image: id) { () async throws(VaultError) in
            _ = try keyring()
            let now = clock.nowMicroseconds()
            let row = ApprovalRow(
                row: 0, approval: try random(), kind: kind, subject: .image(namespace, id),
                requester: call.caller.uid, createdMicroseconds: now,
                expiresMicroseconds: now + Limits.approvalSeconds * 1_000_000, state: .waiting,
                approver: nil, changedAt: 0, mac: RowMAC(checked: []))
            let told = answer(row)
            var event = event(.quarantineRequested, call, image: id)
            event.namespace = namespace
            _ = try await committer.commit(
                .ask(row), event, keeping: place.map { KeptAnswer(place: $0, answer: told) })
            return told
        }
    }

    /// What waits for approval or, once approved, to be sent: all but the destruction of epochs, or that.
    package func approvals(
        ofEpochs: Bool = false, after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> ApprovalPage {
        try await audited(.quarantineRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.waitingApprovals(
                    ofEpochs: ofEpochs, at: clock.nowMicroseconds(), after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.quarantineRead, call))
            return ApprovalPage(
                approvals: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    /// Approves a request about an image and carries it out, once; or one that who asked may then send.
    ///
    /// - Parameters:
    ///   - digest: the request as the approver knows it.
    ///   - mayDo: whether the approver might do it.
    /// - Throws: ``VaultError`` `not-permitted`, `unknown-approval`, `approval-used`, `approval-expired`,
    ///   `approval-mismatch`, `second-person-required`, `unknown-image` or `not-quarantined`.
    package func approve(
        _ id: ApprovalID, digest: Digest256, mayDo: (VerbName) -> Bool, _ call: Call
    ) async throws(VaultError) -> PerformedApproval {
        try await audited(.quarantineApproved, call) { () async throws(VaultError) in
            var event = event(.quarantineApproved, call)
            event.approval = id
            let (row, grant) = try approvable(id, ofEpochs: false, digest, call)
            if row.kind == .eraseImage { event.receipt = grant.receipt }
            if case .request(let request) = row.subject, !mayDo(request.verb) {
                throw VaultError(.notPermitted)
            }
            if row.kind == .request { event.action = .approvalGiven }
            switch try await erasing(.approve(grant), event) {
            case .approved(let approval, let erased):
                return PerformedApproval(
                    approval: approval, receipt: erased == nil ? nil : grant.receipt)
            case .asked(let approval): return PerformedApproval(approval: approval, receipt: nil)
            default: throw VaultError(.internalError)
            }
        }
    }

    /// The request of this id, and what its approver may allow.
    ///
    /// - Throws: ``VaultError`` `unknown-approval`, also where it is about something else.
    func approvable(
        _ id: ApprovalID, ofEpochs: Bool, _ digest: Digest256, _ call: Call
    ) throws(VaultError) -> (ApprovalRow, ApprovalGrant) {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in try reader.approval(id) }
        guard let found, (found.kind == .destroyEpoch) == ofEpochs else {
            throw VaultError(.unknownApproval)
        }
        try found.verify(with: keyring)
        let grant = ApprovalGrant(
            approval: id, digest: digest, approver: call.caller.uid,
            needsSecondPerson: settings.twoPerson.contains(found.subject.rule),
            receipt: try random())
        return (found, grant)
    }
}
