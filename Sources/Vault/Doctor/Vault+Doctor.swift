// What the vault knows of itself for a doctor: of its log, and of rows that verify.

import VaultCrypto
import VaultFormat

extension Vault {
    /// While the vault is sealed what rows say is left out, and of rows that cannot be read each kind by itself.
    package func doctorFacts() -> VaultFacts {
        var facts = VaultFacts()
        facts.twoPerson = settings.twoPerson
        facts.undetected = settings.undetected
        facts.logState = committer.logState
        facts.logKeyFingerprint = logSigner?.fingerprint
        facts.anchors = anchorStates
        facts.ahead = eventsAhead()
        facts.outages = outageTimes()
        guard let keyring = keyringIfUnsealed else { return facts }
        var whole = facts
        whole.isSealed = false
        whole.primaryMicroseconds =
            keyring.epochs.first { $0.number == keyring.primaryEpoch.value }?.createdMicroseconds
        whole.slots = try? doctorSlots()
        whole.unverifiedSince = unverifiedSince(keyring)
        readBackups(into: &whole, keyring)
        readOthers(into: &whole, keyring)
        // With keys that went meanwhile no row verified.
        return keyring.isErased ? facts : whole
    }

    // MARK: The log

    /// Wherever in the log they are: later events hide none.
    private func eventsAhead() -> VaultFacts.Ahead? {
        let since = clock.nowMicroseconds() + Limits.doctorClockAheadMicroseconds
        let found = try? reading { (reader) throws(StorageError) -> VaultFacts.Ahead? in
            let size = try reader.frontier().size
            let indexes = try reader.indexes(since: since, until: nil, size: size)
            guard let last = indexes.last,
                let event = try reader.events(from: last, limit: 1).first
            else { return nil }
            let next = try reader.events(from: last + 1, limit: 1).first
            return VaultFacts.Ahead(
                indexes: indexes, atMicroseconds: event.atMicroseconds,
                endedMicroseconds: next?.atMicroseconds)
        }
        return found ?? nil
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

    // MARK: Rows

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
    ///
    /// - Returns: nil where the rows cannot be read.
    private func sound<Row: AuthenticatedRow>(
        _ keyring: Keyring, _ read: (any CatalogReader) throws(StorageError) -> [Row]
    ) -> [Row]? {
        let rows = try? reading { (reader) throws(StorageError) in try read(reader) }
        return rows?.filter { (try? $0.verify(with: keyring)) != nil }
    }

    private func readBackups(into facts: inout VaultFacts, _ keyring: Keyring) {
        let now = clock.nowMicroseconds()
        let backups = sound(keyring) { (reader) throws(StorageError) in
            try reader.backups(after: 0, limit: Limits.backups)
        }?.filter { $0.isWanted(at: now) }
        guard let backups else { return }
        // What was begun only is no backup.
        facts.newestBackup = .some(
            backups.filter { $0.state == .kept }.map(\.createdMicroseconds).max())
        facts.unfinishedBackups = backups.count {
            $0.state == .making && now - $0.createdMicroseconds > 86_400_000_000
        }
    }

    private func readOthers(into facts: inout VaultFacts, _ keyring: Keyring) {
        facts.tokens = sound(keyring) { (reader) throws(StorageError) in
            try reader.accessTokens(after: 0, limit: Limits.accessTokens)
        }?.map {
            .init(
                id: $0.token, principal: $0.principal, expiresMicroseconds: $0.expiresMicroseconds)
        }
        facts.attestations = sound(keyring) { (reader) throws(StorageError) in
            try reader.attestations()
        }?.reduce(into: [:]) { $0[$1.item] = $1 }
        let incidents = sound(keyring) { (reader) throws(StorageError) in
            try reader.openIncidents(limit: Limits.openIncidents)
        }
        facts.incidents = incidents.flatMap { rows in
            try? rows.map { row throws(VaultError) in
                VaultFacts.Incident(
                    id: row.incident, openedMicroseconds: row.openedMicroseconds,
                    isRead: try isKnown(row))
            }
        }
    }

    /// Whether a person opened it, or somebody listed or looked at incidents since.
    private func isKnown(_ incident: IncidentRow) throws(VaultError) -> Bool {
        if incident.cause == .hand, incident.creator != settings.incidents.creator { return true }
        var filter = EventFilter()
        filter.actions = [.incidentsRead]
        filter.outcome = .done
        let wanted = filter
        return try reading { (reader) throws(StorageError) in
            try !reader.events(
                wanted, from: incident.events.upperBound, below: reader.frontier().size, limit: 1
            ).isEmpty
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
}
