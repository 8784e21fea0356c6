// What a case begins with, before anything is done: the log as it was, with its proofs, what the vault had, and
// what it was set to. CaseFormat §3.

import VaultCrypto
import VaultFormat

/// Why a case is made, and of whom it speaks.
struct Occasion: Sendable {
    let incident: IncidentID
    let cause: IncidentCause
    let principal: PrincipalName?
    let actor: Pseudonym?
    let note: AdminNote
    let creator: UInt32
    let atMicroseconds: Int64
    /// What an alarm saw; nil where somebody opened it.
    let alarm: Alarm?
}

/// A case's file as it is made.
struct Evidence: Sendable {
    let file: [UInt8]
    let end: CaseEnd
    let events: Range<UInt64>
}

extension Vault {
    /// The events that a case has of a log of this size: what an alarm saw and what led there, or all, and of these the
    /// last ones that there is room for.
    package static func caseEvents(around alarm: Alarm?, logSize: UInt64) -> Range<UInt64> {
        let behind = min(logSize, alarm.map { $0.events.upperBound &+ 1 } ?? logSize)
        let seen = alarm.map { min($0.events.lowerBound, behind) } ?? 0
        let wanted = seen > Limits.caseEventsBefore ? seen - Limits.caseEventsBefore : 0
        let room = behind > Limits.caseEvents ? behind - Limits.caseEvents : 0
        return max(wanted, room)..<behind
    }

    /// - Throws: ``VaultError`` `sealed` or `log-key-sealed`.
    func evidence(of occasion: Occasion, under policy: AccessPolicy) throws(VaultError) -> Evidence
    {
        let keyring = try keyring()
        let frontier = committer.frontier
        let range = Self.caseEvents(around: occasion.alarm, logSize: frontier.size)
        var export = try bundle(of: range, at: frontier)
        var bundle: [UInt8] = []
        while let piece = try export.next(of: self) { bundle += piece }
        let manifest = manifest(occasion, range, bundle, keyring, policy)
        let census = try census(bundle, keyring, policy)
        let pieces = stride(from: 0, to: bundle.count, by: Limits.caseRecordBytes - 1).map {
            Array(bundle[$0..<min($0 + Limits.caseRecordBytes - 1, bundle.count)])
        }
        let records =
            [CaseRecord(.manifest, manifest), CaseRecord(.census, census)]
            + pieces.map { CaseRecord(.bundle, $0) }
        let heading = CaseHeading(vault: keyring.vault, incident: occasion.incident)
        var (file, end) = (heading.encoded, CaseEnd(heading))
        for record in records {
            file += try failing { () throws(CryptoError) in try keyring.seal(record, at: &end) }
        }
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return Evidence(file: file, end: end, events: range)
    }

    private func manifest(
        _ occasion: Occasion, _ range: Range<UInt64>, _ bundle: [UInt8], _ keyring: Keyring,
        _ policy: AccessPolicy
    ) -> [UInt8] {
        var line = JSONLine()
        line.add("incident", occasion.incident.hex)
        line.add("vault", keyring.vault.hex)
        line.add("at", Timestamp.text(microseconds: occasion.atMicroseconds))
        line.add("cause", occasion.cause.name)
        if let principal = occasion.principal { line.add("principal", principal.description) }
        if let actor = occasion.actor { line.add("actor", actor.hex) }
        line.add("uid", UInt64(occasion.creator))
        if !occasion.note.text.isEmpty { line.add("note", occasion.note.text) }
        if let alarm = occasion.alarm {
            line.add("alarm_from", alarm.events.lowerBound)
            line.add("alarm_to", alarm.events.upperBound)
            line.add("alarm_count", UInt64(clamping: alarm.count))
        }
        line.add("from", range.lowerBound)
        line.add("to", range.upperBound)
        line.add("bundle_bytes", UInt64(clamping: bundle.count))
        line.add("bundle", LogHash.digest(bundle).hex)
        if let digest = settings.incidents.digest { line.add("settings", digest.hex) }
        if let digest = policy.digest { line.add("policy", digest.hex) }
        line.add("validation", settings.policies.standard.digest.hex)
        line.add("generation", keyring.generation)
        return line.finished
    }

    private func census(
        _ bundle: [UInt8], _ keyring: Keyring, _ policy: AccessPolicy
    ) throws(VaultError) -> [UInt8] {
        let lines = try totals(keyring) + slotLines(keyring) + principals(policy)
        return (lines + requests(in: bundle)).map { $0.finished + [UInt8(ascii: "\n")] }
            .reduce([], +)
    }

    /// Images, keys by epoch, and what each namespace has.
    private func totals(_ keyring: Keyring) throws(VaultError) -> [JSONLine] {
        let names = keyring.namespaces.map(\.name).sorted()
        let (totals, census, usages) = try reading { (reader) throws(StorageError) in
            var usages: [(NamespaceName, Usage)] = []
            for name in names { usages.append((name, try reader.usage(of: name))) }
            return (try reader.totals(), try reader.census(), usages)
        }
        var all = JSONLine()
        all.add("of", "vault")
        all.add("images", UInt64(clamping: totals.images))
        all.add("references", UInt64(clamping: totals.references))
        all.add("bytes", UInt64(clamping: totals.storedBytes))
        let epochs = census.sorted { $0.key < $1.key }.map { epoch, keys in
            var line = JSONLine()
            line.add("of", "epoch")
            line.add("epoch", UInt64(epoch))
            line.add("keys", UInt64(clamping: keys))
            return line
        }
        let namespaces = usages.map { name, usage in
            var line = JSONLine()
            line.add("of", "namespace")
            line.add("namespace", name.description)
            line.add("images", UInt64(clamping: usage.images))
            line.add("bytes", UInt64(clamping: usage.bytes))
            return line
        }
        return [all] + epochs + namespaces
    }

    private func slotLines(_ keyring: Keyring) throws(VaultError) -> [JSONLine] {
        try slotStates(keyring).map { state in
            var line = JSONLine()
            line.add("of", "slot")
            line.add("slot", state.slot.id.hex)
            line.add("kind", state.slot.kind.name)
            if let proved = state.provedMicroseconds {
                line.add("proved", Timestamp.text(microseconds: proved))
            }
            return line
        }
    }

    /// What each principal has given to others.
    private func principals(_ policy: AccessPolicy) throws(VaultError) -> [JSONLine] {
        let names = Set(policy.rules.map(\.principal.name)).sorted().prefix(Limits.censusRows)
        let (tokens, tickets) = try reading { (reader) throws(StorageError) in
            var tickets: [PrincipalName: Int] = [:]
            for name in names { tickets[name] = try reader.ticketCount(of: name) }
            return (try reader.accessTokens(after: 0, limit: Limits.accessTokens), tickets)
        }
        let counts = Dictionary(grouping: tokens, by: \.principal).mapValues(\.count)
        return names.map { name in
            var line = JSONLine()
            line.add("of", "principal")
            line.add("principal", name.description)
            line.add("tokens", UInt64(clamping: counts[name] ?? 0))
            line.add("tickets", UInt64(clamping: tickets[name] ?? 0))
            return line
        }
    }

    /// How many events each user has in the bundle.
    private func requests(in bundle: [UInt8]) -> [JSONLine] {
        var splitter = LineSplitter()
        splitter.feed(bundle)
        var counts: [UInt64: Int] = [:]
        while let text = splitter.next() {
            guard case .event(_, _, let body)? = try? BundleItem(parsing: text),
                let uid = (try? EventFields(parsing: body))?.number("uid"),
                counts[uid] != nil || counts.count < Limits.censusRows
            else { continue }
            counts[uid, default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { uid, count in
            var line = JSONLine()
            line.add("of", "user")
            line.add("uid", uid)
            line.add("events", UInt64(clamping: count))
            return line
        }
    }
}
