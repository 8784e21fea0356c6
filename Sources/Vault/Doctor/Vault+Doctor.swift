// What the vault knows of itself for a doctor, and the events of a look and of somebody's word.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// While the vault is sealed, or its catalog cannot be read, what comes from there is left out.
    package func doctorFacts() -> VaultFacts {
        var facts = VaultFacts()
        facts.isSealed = isSealed
        facts.logState = committer.logState
        facts.logKeyFingerprint = logSigner?.fingerprint
        facts.anchors = anchorStates
        facts.lastEventMicroseconds = lastEventMicroseconds()
        facts.outages = outageTimes()
        guard let keyring = keyringIfUnsealed else { return facts }
        facts.primaryMicroseconds =
            keyring.epochs.first { $0.number == keyring.primaryEpoch.value }?.createdMicroseconds
        facts.slots = try? doctorSlots()
        facts.unverifiedSince = unverifiedSince(keyring)
        readRows(into: &facts)
        return facts
    }

    private func lastEventMicroseconds() -> Int64? {
        let rows = try? reading { (reader) throws(StorageError) in
            let size = try reader.frontier().size
            return try reader.events(from: size - min(size, 1), limit: 1)
        }
        return rows?.last?.atMicroseconds
    }

    private func outageTimes() -> [Int64]? {
        var filter = EventFilter()
        filter.actions = [.storageFailed]
        filter.since =
            clock.nowMicroseconds() - Int64(Limits.doctorOutageDays) * 86_400_000_000
        let wanted = filter
        return try? reading { (reader) throws(StorageError) in
            try reader.events(
                wanted, from: 0, below: reader.frontier().size, limit: Limits.doctorOutages
            ).map(\.atMicroseconds)
        }
    }

    private func doctorSlots() throws(VaultError) -> [VaultFacts.Slot] {
        var slots: [VaultFacts.Slot] = []
        for kind in [KeyFile.Kind.keyring, .logKey] {
            slots += try slotList(kind).slots.map { state in
                let name = kind == .keyring ? "slot" : "slot of the log's key"
                return VaultFacts.Slot(
                    name: "\(name) \(state.slot.id) (\(state.slot.kind.name))", file: kind,
                    provedMicroseconds: state.provedMicroseconds)
            }
        }
        return slots
    }

    /// A row that does not verify says nothing; `vaultctl check` tells of it.
    private func readRows(into facts: inout VaultFacts) {
        guard let keyring = keyringIfUnsealed else { return }
        let now = clock.nowMicroseconds()
        let rows = try? reading { (reader) throws(StorageError) in
            (
                backups: try reader.backups(after: 0, limit: Limits.backups),
                tokens: try reader.accessTokens(after: 0, limit: Limits.accessTokens),
                attestations: try reader.attestations()
            )
        }
        guard let rows else { return }
        let isSound = { (row: any AuthenticatedRow) in (try? row.verify(with: keyring)) != nil }
        let backups = rows.backups.filter { isSound($0) && $0.isWanted(at: now) }
        // What was begun only is no backup.
        facts.newestBackup = .some(
            backups.filter { $0.state == .kept }.map(\.createdMicroseconds).max())
        facts.unfinishedBackups = backups.count {
            $0.state == .making && now - $0.createdMicroseconds > 86_400_000_000
        }
        facts.tokens = rows.tokens.filter(isSound).map {
            .init(
                id: $0.token, principal: $0.principal, expiresMicroseconds: $0.expiresMicroseconds)
        }
        facts.attestations = rows.attestations.filter(isSound).reduce(into: [:]) {
            $0[$1.item] = $1
        }
    }

    /// - Returns: nil where the catalog cannot be read; nil in it where nothing is stored.
    private func unverifiedSince(_ keyring: Keyring) -> Int64?? {
        do throws(VaultError) {
            let since: Int64? = try reading { (reader) throws(StorageError) in
                let scrub = try reader.operations(before: .max, limit: Limits.finishedOperations)
                    .first { $0.isWholeScrub && (try? $0.verify(with: keyring)) != nil }
                return try reader.unverifiedSince(lastScrub: scrub?.createdMicroseconds)
            }
            return .some(since)
        } catch {
            return nil
        }
    }

    // MARK: Events

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
