// The end of an epoch: its key is zeros in the next generation of the keyring, and nothing that was wrapped
// under it opens with that. What needs it still, also in a backup, comes first. Under the rule `destroy-epoch`
// one admin asks and another approves.

import VaultCrypto
package import VaultFormat

/// What became of the wish to destroy an epoch.
package enum DestructionResult: Hashable, Sendable {
    /// Of the keyring without it.
    case destroyed(generation: UInt64)
    /// It waits for somebody else.
    case waiting(ApprovalRow)
}

extension Vault {
    /// Destroys an epoch that nothing needs, or asks that it be approved.
    ///
    /// - Throws: ``VaultError`` `unknown-epoch`, `epoch-in-use`, `backup-stranded` for a backup that is
    ///   not among those named, `unknown-backup`, or `operation-conflict` while keys are being moved.
    package func destroyEpoch(
        _ destruction: EpochDestruction, _ call: Call
    ) async throws(VaultError) -> DestructionResult {
        guard settings.twoPerson.contains(.destroyEpoch) else {
            return .destroyed(
                generation: try await destroy(destruction, .destroyEpoch(destruction), call)
                    .generation)
        }
        let epoch = destruction.epoch
        return try await audited(
            .destructionRequested, call, epoch: epoch
        ) { () async throws(VaultError) in
            _ = try keyring()
            var event = event(.destructionRequested, call)
            event.epoch = epoch
            let now = clock.nowMicroseconds()
            let committed = try await committer.commit(
                .ask(
                    ApprovalRow(
                        row: 0, approval: try random(), kind: .destroyEpoch,
                        subject: .epoch(destruction), requester: call.caller.uid,
                        createdMicroseconds: now,
                        expiresMicroseconds: now + Limits.approvalSeconds * 1_000_000,
                        state: .waiting, approver: nil, changedAt: 0, mac: RowMAC(checked: []))),
                event)
            guard case .asked(let row) = committed.result else { throw VaultError(.internalError) }
            return .waiting(row)
        }
    }

    /// Approves a destruction that somebody asked for, and carries it out, once.
    ///
    /// - Parameter digest: the request as the approver knows it.
    /// - Returns: the generation of the keyring without the epoch's key.
    /// - Throws: ``VaultError`` as ``approve(_:digest:_:)`` and ``destroyEpoch(_:_:)``.
    package func approveDestruction(
        _ id: ApprovalID, digest: Digest256, _ call: Call
    ) async throws(VaultError) -> (request: ApprovalRow, generation: UInt64) {
        try await audited(.epochDestroyed, call) { () async throws(VaultError) in
            let (row, grant) = try approvable(id, ofEpochs: true, digest, call)
            guard row.state == .waiting, case .epoch(let destruction) = row.subject else {
                throw VaultError(.approvalUsed)
            }
            let (generation, result) = try await destroy(
                destruction, .approve(grant), approval: id, call)
            guard case .destroyed(_, let done?) = result else { throw VaultError(.internalError) }
            return (done, generation)
        }
    }

    /// Writes the generation without the epoch's key, once its change is durable.
    ///
    /// - Returns: the generation, and what became of the change.
    private func destroy(
        _ destruction: EpochDestruction, _ change: Change, approval: ApprovalID? = nil, _ call: Call
    ) async throws(VaultError) -> (generation: UInt64, result: ChangeResult) {
        let epoch = destruction.epoch
        return try await audited(
            .epochDestroyed, call, epoch: epoch
        ) { () async throws(VaultError) in
            try await inTurn { () async throws(VaultError) in
                let old = try keyring()
                try old.requireDestroyable(epoch)
                // What is on the disk is what is in use, or nothing is built on it.
                guard try loadKeyFile(.keyring) == old.keys.file else {
                    throw VaultError(.keyringRefused)
                }
                let entries = old.entries(destroying: epoch)
                let new = try openingSlot { try KeyFileCipher.remade(old.keys, entries: entries) }
                var event = event(.epochDestroyed, call)
                event.epoch = epoch
                event.approval = approval
                let result = try await replace(old.keys, with: new, change, event, slot: nil)
                return (new.file.generation, result)
            }
        }
    }
}

extension Keyring {
    /// - Throws: ``VaultError`` `unknown-epoch` or `epoch-in-use`: only what is readable and no more can go.
    func requireDestroyable(_ epoch: EpochNumber) throws(VaultError) {
        switch state(of: epoch) {
        case nil, .destroyed: throw VaultError(.unknownEpoch)
        case .pending, .primary: throw VaultError(.epochInUse)
        case .readable: break
        }
    }
}
