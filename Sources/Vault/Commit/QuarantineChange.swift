// Putting an image out of everyone's reach is one admin's word; giving it back, or erasing it, is asked
// for and approved.

import VaultCrypto
package import VaultFormat

/// Who approves what.
package struct ApprovalGrant: Hashable, Sendable {
    package let approval: ApprovalID
    /// The request as its approver knows it.
    package let digest: Digest256
    package let approver: UInt32
    /// Whether it must be somebody else than who asked.
    package let needsSecondPerson: Bool
    /// Of what goes, where something is erased.
    package let receipt: ReceiptID

    package init(
        approval: ApprovalID, digest: Digest256, approver: UInt32, needsSecondPerson: Bool,
        receipt: ReceiptID
    ) {
        self.receipt = receipt
        self.approval = approval
        self.digest = digest
        self.approver = approver
        self.needsSecondPerson = needsSecondPerson
    }
}

/// Carries out the changes of quarantine inside a transaction.
struct QuarantineChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64
    let retention: RetentionPolicies

    /// An image that is quarantined already stays as it is.
    func quarantine(
        _ id: ImageID, _ namespace: NamespaceName
    ) throws(ChangeFailure) -> ChangeResult {
        var image = try image(id, namespace)
        if image.quarantinedMicroseconds == nil {
            image.quarantinedMicroseconds = microseconds
            image = image.authenticated(by: keyring, at: index)
            let changed = image
            try catalogued { () throws(StorageError) in try catalog.updateImage(changed) }
        }
        return .quarantined(image)
    }

    func ask(_ offered: ApprovalRow) throws(ChangeFailure) -> ChangeResult {
        switch offered.subject {
        case .image: try quarantined(offered)
        case .epoch(let destruction): try epochs.requireDestroyable(destruction)
        // Whoever sends it had it looked at.
        case .request: break
        }
        let row = offered.authenticated(by: keyring, at: index)
        let waiting = try catalogued { () throws(StorageError) in
            try catalog.waitingApprovals(
                ofEpochs: offered.kind == .destroyEpoch, at: microseconds, after: 0,
                limit: Limits.approvalsWaiting)
        }
        if offered.kind == .request {
            let own = waiting.filter { $0.kind == .request && $0.requester == offered.requester }
            // Who asks for the same again is told of what waits: nobody fills the list by that.
            let same = own.first { $0.subject == offered.subject && $0.state == .waiting }
            if let same, (try? same.verify(with: keyring)) != nil { return .asked(same) }
            guard own.count < Limits.approvalsEach else { throw .refused(VaultError(.overloaded)) }
        }
        guard waiting.count < Limits.approvalsWaiting else {
            throw .refused(VaultError(.overloaded))
        }
        return try catalogued { () throws(StorageError) in
            try catalog.deleteApprovals(
                lapsedBefore: microseconds - Limits.approvalSeconds * 1_000_000,
                limit: Limits.approvalSweep)
            try catalog.insertApproval(row)
            return .asked(row)
        }
    }

    func approve(_ grant: ApprovalGrant) throws(ChangeFailure) -> ChangeResult {
        let row = try approvable(grant)
        if case .epoch(let destruction) = row.subject {
            try epochs.destroy(destruction)
            let performed = approved(row, grant)
            try catalogued { () throws(StorageError) in try catalog.updateApproval(performed) }
            return .destroyed(destruction.epoch, performed)
        }
        if case .request = row.subject {
            let allowed = approved(row, grant, .approved)
            try catalogued { () throws(StorageError) in try catalog.updateApproval(allowed) }
            return .asked(allowed)
        }
        var image = try quarantined(row)
        let performed = approved(row, grant)
        var erased: BlobID?
        switch performed.kind {
        case .releaseImage:
            image.quarantinedMicroseconds = nil
            let released = image.authenticated(by: keyring, at: index)
            try catalogued { () throws(StorageError) in try catalog.updateImage(released) }
        case .eraseImage:
            erased = try ErasureChange(
                catalog: catalog, keyring: keyring, index: index, microseconds: microseconds,
                retention: retention
            ).erase(image, grant.receipt)
        // Its subject is no image.
        case .destroyEpoch, .request: throw .refused(VaultError(.rowDamaged))
        }
        try catalogued { () throws(StorageError) in try catalog.updateApproval(performed) }
        return .approved(performed, erased: erased)
    }

    private var epochs: EpochChange {
        EpochChange(catalog: catalog, keyring: keyring, index: index, microseconds: microseconds)
    }

    private func approved(
        _ row: ApprovalRow, _ grant: ApprovalGrant, _ state: ApprovalState = .performed
    ) -> ApprovalRow {
        var row = row
        row.state = state
        row.approver = grant.approver
        return row.authenticated(by: keyring, at: index)
    }

    /// Uses up the approval of exactly this request of this caller.
    func use(
        _ id: ApprovalID, for request: GuardedRequest, by uid: UInt32
    ) throws(ChangeFailure) -> ChangeResult {
        let found = try catalogued { () throws(StorageError) in try catalog.approval(id) }
        guard var row = found else { throw .refused(VaultError(.unknownApproval)) }
        try refusing { () throws(VaultError) in
            try row.verify(with: keyring)
            guard row.subject == .request(request), row.requester == uid else {
                throw VaultError(.approvalMismatch)
            }
            guard row.approver != uid else { throw VaultError(.secondPersonRequired) }
            guard microseconds <= row.expiresMicroseconds else {
                throw VaultError(.approvalExpired)
            }
            switch row.state {
            case .waiting: throw VaultError(.secondPersonRequired)
            case .performed: throw VaultError(.approvalUsed)
            case .approved: row.state = .performed
            }
        }
        let used = row.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.updateApproval(used) }
        return .asked(used)
    }

    /// The request, if this approver may approve it now.
    private func approvable(_ grant: ApprovalGrant) throws(ChangeFailure) -> ApprovalRow {
        let found = try catalogued { () throws(StorageError) in
            try catalog.approval(grant.approval)
        }
        guard let row = found else { throw .refused(VaultError(.unknownApproval)) }
        try refusing { () throws(VaultError) in
            try row.verify(with: keyring)
            guard row.state == .waiting else { throw VaultError(.approvalUsed) }
            guard microseconds <= row.expiresMicroseconds else {
                throw VaultError(.approvalExpired)
            }
            guard grant.digest == row.digest else { throw VaultError(.approvalMismatch) }
            guard !grant.needsSecondPerson || grant.approver != row.requester else {
                throw VaultError(.secondPersonRequired)
            }
        }
        return row
    }

    @discardableResult
    private func quarantined(_ row: ApprovalRow) throws(ChangeFailure) -> ImageRow {
        guard case .image(let namespace, let id) = row.subject else {
            throw .refused(VaultError(.rowDamaged))
        }
        let image = try image(id, namespace)
        guard image.quarantinedMicroseconds != nil else {
            throw .refused(VaultError(.notQuarantined))
        }
        return image
    }

    private func image(
        _ id: ImageID, _ namespace: NamespaceName
    ) throws(ChangeFailure) -> ImageRow {
        let found = try catalogued { () throws(StorageError) in
            try catalog.image(id, in: namespace)
        }
        guard let image = found else { throw .refused(VaultError(.unknownImage)) }
        try refusing { () throws(VaultError) in try image.verify(with: keyring) }
        return image
    }
}
