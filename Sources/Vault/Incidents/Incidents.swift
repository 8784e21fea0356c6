// Incidents: evidence first, then whatever is done. One verb about them runs at a time.

import VaultCrypto
package import VaultFormat

/// A page of incidents and where the next begins.
package struct IncidentPage: Sendable {
    package let incidents: [IncidentRow]
    package let next: Int64?
}

/// An incident, and what was written down since it was opened.
package struct IncidentState: Sendable {
    package let incident: IncidentRow
    /// Nil where the case's file is not what the vault wrote.
    package let entries: [String]?
}

extension Vault {
    /// Opens an incident of what a rule saw, unless one of the same is open, and contains its principal where the
    /// settings say so. What one asserted caller did contains nobody by itself: whoever makes names up could take
    /// the whole backend from everybody.
    ///
    /// - Throws: ``VaultError`` `sealed`, `log-key-sealed`, `overloaded`, or what the stores have.
    @discardableResult
    package func open(_ alarm: Alarm) async throws(VaultError) -> IncidentRow {
        let opened = try await incidentTurn.take { () async throws(VaultError) in
            do throws(VaultError) {
                return try await opening(alarm)
            } catch {
                guard !error.isRecorded else { throw error }
                var event = Event(
                    .incidentOpened, error.outcome, code: error.code,
                    atMicroseconds: clock.nowMicroseconds())
                event.principal = alarm.subject.principal
                event.reason = alarm.rule.rawValue
                try await committer.record(event)
                throw error.recorded
            }
        }
        // Also where an earlier containment of it is over: it goes on.
        guard opened.incident.containment == nil, case .principal = alarm.subject,
            let grade = settings.incidents.containment[alarm.rule]
        else { return opened.incident }
        if !opened.isNew { await alert(of: opened.incident) }
        return try await contain(
            opened.incident.incident, to: grade, minutes: settings.incidents.minutes,
            under: policyInForce)
    }

    private func opening(
        _ alarm: Alarm
    ) async throws(VaultError) -> (incident: IncidentRow, isNew: Bool) {
        let (principal, actor) = (alarm.subject.principal, alarm.subject.actor)
        let cause = IncidentCause.rule(alarm.rule)
        let others = try openIncidents()
        if let known = others.first(where: { $0.isOf(cause, principal, actor) }) {
            return (known, false)
        }
        try requireRoom(beside: others, forAlarm: true, ofActor: actor != nil)
        let occasion = Occasion(
            incident: try random(), cause: cause, principal: principal, actor: actor,
            note: .none, creator: settings.incidents.creator,
            atMicroseconds: clock.nowMicroseconds(), alarm: alarm)
        let event = Event(.incidentOpened, atMicroseconds: occasion.atMicroseconds)
        return (try await open(occasion, event, under: policyInForce), true)
    }

    /// Opens an incident because somebody says so.
    ///
    /// - Parameter principal: nil for the vault.
    package func openIncident(
        of principal: PrincipalName?, note: AdminNote, under policy: AccessPolicy, _ call: Call
    ) async throws(VaultError) -> IncidentRow {
        try await audited(.incidentOpened, call) { () async throws(VaultError) in
            try await incidentTurn.take { () async throws(VaultError) in
                try requireRoom(beside: openIncidents())
                let event = event(.incidentOpened, call)
                let occasion = Occasion(
                    incident: try random(), cause: .hand, principal: principal, actor: nil,
                    note: note, creator: call.caller.uid, atMicroseconds: event.atMicroseconds,
                    alarm: nil)
                return try await open(occasion, event, under: policy)
            }
        }
    }

    /// Opens one of the vault's own accord.
    func openIncident(note: AdminNote) async throws(VaultError) -> IncidentRow {
        try await incidentTurn.take { () async throws(VaultError) in
            try requireRoom(beside: openIncidents(), forAlarm: true)
            let event = Event(.incidentOpened, atMicroseconds: clock.nowMicroseconds())
            let occasion = Occasion(
                incident: try random(), cause: .hand, principal: nil, actor: nil, note: note,
                creator: settings.incidents.creator, atMicroseconds: event.atMicroseconds,
                alarm: nil)
            return try await open(occasion, event, under: policyInForce)
        }
    }

    /// Those that verify: one that somebody changed is no incident of the vault's, and is in no other's way.
    func openIncidents() throws(VaultError) -> [IncidentRow] {
        let keyring = try keyring()
        let open = try reading { (reader) throws(StorageError) in
            try reader.openIncidents(limit: Limits.openIncidents)
        }
        let sound = open.filter { (try? $0.verify(with: keyring)) != nil }
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return sound
    }

    /// Before evidence is taken that nobody could keep. Whoever makes actors up leaves room for alarms about
    /// principals, and all alarms leave some for people.
    private func requireRoom(
        beside open: [IncidentRow], forAlarm: Bool = false, ofActor: Bool = false
    ) throws(VaultError) {
        let count = try reading { (reader) throws(StorageError) in try reader.incidentCount() }
        let most =
            forAlarm ? Limits.openIncidents - Limits.handIncidents : Limits.openIncidents
        guard count < Limits.incidents, open.count < most,
            !ofActor || open.count(where: { $0.actor != nil }) < Limits.actorIncidents
        else { throw VaultError(.overloaded) }
    }

    private func open(
        _ occasion: Occasion, _ event: Event, under policy: AccessPolicy
    ) async throws(VaultError) -> IncidentRow {
        let evidence = try evidence(of: occasion, under: policy)
        try storing { () throws(StorageError) in
            try cases.create(evidence.file, for: occasion.incident)
        }
        let row = IncidentRow(
            incident: occasion.incident, cause: occasion.cause, principal: occasion.principal,
            actor: occasion.actor, openedMicroseconds: occasion.atMicroseconds,
            creator: occasion.creator, note: occasion.note, events: evidence.events,
            file: IncidentRow.Case(evidence.end))
        var event = event
        event.indexes = evidence.events
        event.pseudonym = occasion.actor
        event.reason = occasion.note.text.isEmpty ? occasion.cause.name : occasion.note.text
        event.count = occasion.alarm?.count
        let made: IncidentRow
        do throws(VaultError) {
            made = try await committed(.openIncident(row), event)
        } catch {
            // What may have been written keeps its case.
            if !committer.isBroken, error.code != .auditUnavailable {
                cases.discard(occasion.incident)
            }
            throw error
        }
        await alert(of: made)
        return made
    }

    private func alert(of incident: IncidentRow) async {
        for kind in alerts.add(incident) {
            try? await recordAlert(of: incident, by: kind, isSent: false)
        }
    }

    // MARK: What is known

    package func incidents(
        before: Int64?, limit: Int, _ call: Call
    ) async throws(VaultError) -> IncidentPage {
        try await audited(.incidentsRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.incidents(before: before ?? .max, limit: limit + 1)
            }
            // One that somebody changed hides no other; a check names it.
            let sound = rows.prefix(limit).filter { (try? $0.verify(with: keyring)) != nil }
            guard !keyring.isErased else { throw VaultError(.sealed) }
            try await committer.record(event(.incidentsRead, call))
            return IncidentPage(
                incidents: sound,
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    package func incident(
        _ id: IncidentID, _ call: Call
    ) async throws(VaultError) -> IncidentState {
        try await audited(.incidentsRead, call) { () async throws(VaultError) in
            let row = try incidentRow(id)
            var event = event(.incidentsRead, call)
            event.incident = id
            try await committer.record(event)
            let opened = try? openedCase(of: row).opened
            return IncidentState(incident: row, entries: opened.map(Self.entries))
        }
    }

    /// What a case has, in clear, for who may take the log away too.
    package func exportCase(
        _ id: IncidentID, _ call: Call
    ) async throws(VaultError) -> ExportedCase {
        try await audited(.caseExported, call) { () async throws(VaultError) in
            let row = try incidentRow(id)
            let opened = try openedCase(of: row).opened
            var event = event(.caseExported, call)
            event.incident = id
            event.statement = row.file.digest
            event.indexes = row.events
            try await committer.record(event)
            let text = { (kind: CaseRecord.Kind) in
                String(decoding: opened.content(of: kind), as: UTF8.self)
            }
            return ExportedCase(
                incident: row, manifest: text(.manifest),
                census: text(.census).split(separator: "\n").map { String($0) },
                entries: Self.entries(opened), bundle: text(.bundle))
        }
    }

    private static func entries(_ opened: OpenedCase) -> [String] {
        opened.records.filter { $0.kind == .entry }
            .map { String(decoding: $0.content, as: UTF8.self) }
    }

    // MARK: What is written down

    /// - Throws: ``VaultError`` `unknown-incident`, `incident-closed`, `case-damaged`, or `overloaded` for a case that
    ///   has no room for more notes.
    package func note(
        _ note: AdminNote, on id: IncidentID, _ call: Call
    ) async throws(VaultError) -> IncidentRow {
        try await audited(.incidentNoted, call) { () async throws(VaultError) in
            try await incidentTurn.take { () async throws(VaultError) in
                try await noted(note, on: id, event(.incidentNoted, call))
            }
        }
    }

    private func noted(
        _ note: AdminNote, on id: IncidentID, _ event: Event
    ) async throws(VaultError) -> IncidentRow {
        var row = try openRow(id)
        // Room is left for what is done.
        guard row.file.records < Limits.caseRecords / 2 else { throw VaultError(.overloaded) }
        row.file = try added(CaseEntry(.noted, event, note: note), to: row)
        return try await committed(.changeIncident(row), event)
    }

    /// Writes down what the vault itself has to add.
    func note(_ note: AdminNote, on id: IncidentID) async throws(VaultError) {
        let event = Event(.incidentNoted, atMicroseconds: clock.nowMicroseconds())
        _ = try await incidentTurn.take { () async throws(VaultError) in
            try await noted(note, on: id, event)
        }
    }

    /// Ends what contains anybody, and then the incident.
    package func closeIncident(
        _ id: IncidentID, note: AdminNote, _ call: Call
    ) async throws(VaultError) -> IncidentRow {
        try await audited(.incidentClosed, call) { () async throws(VaultError) in
            try await incidentTurn.take { () async throws(VaultError) in
                var row = try openRow(id)
                if row.containment != nil {
                    row = try await ended(row, event(.containmentEnded, call), because: "closed")
                }
                var event = event(.incidentClosed, call)
                event.reason = note.text.isEmpty ? nil : note.text
                row.closedMicroseconds = event.atMicroseconds
                row.file = (try? added(CaseEntry(.closed, event, note: note), to: row)) ?? row.file
                return try await committed(.changeIncident(row), event)
            }
        }
    }

    // MARK: Parts

    /// - Throws: ``VaultError`` `unknown-incident`.
    func incidentRow(_ id: IncidentID) throws(VaultError) -> IncidentRow {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in try reader.incident(id) }
        guard let row = found else { throw VaultError(.unknownIncident) }
        try row.verify(with: keyring)
        return row
    }

    /// - Throws: ``VaultError`` `unknown-incident` or `incident-closed`.
    func openRow(_ id: IncidentID) throws(VaultError) -> IncidentRow {
        let row = try incidentRow(id)
        guard row.isOpen else { throw VaultError(.incidentClosed) }
        return row
    }

    /// The row as it is from now on, and what contains anybody by it.
    func committed(_ change: Change, _ event: Event) async throws(VaultError) -> IncidentRow {
        let committed = try await committer.commit(change, event)
        guard case .incident(let row) = committed.result else { throw VaultError(.internalError) }
        hold(row)
        return row
    }

    /// The case, as the row says that it is.
    ///
    /// - Throws: ``VaultError`` `case-damaged`.
    private func openedCase(
        of row: IncidentRow
    ) throws(VaultError) -> (opened: OpenedCase, end: CaseEnd) {
        let keyring = try keyring()
        do {
            let bytes = try cases.load(row.incident, length: row.file.bytes)
            let found = try keyring.openCase(bytes)
            guard found.opened.digest == row.file.digest,
                found.opened.heading.incident == row.incident
            else { throw StorageError.damaged }
            return found
        } catch {
            throw VaultError(keyring.isErased ? .sealed : .caseDamaged)
        }
    }

    /// Adds to the case's file: what it is then.
    func added(_ entry: CaseEntry, to row: IncidentRow) throws(VaultError) -> IncidentRow.Case {
        guard row.file.records < Limits.caseRecords else { throw VaultError(.overloaded) }
        var end = try openedCase(of: row).end
        let keyring = try keyring()
        let bytes = try failing { () throws(CryptoError) in
            try keyring.seal(CaseRecord(.entry, entry.line), at: &end)
        }
        try storing { () throws(StorageError) in
            try cases.append(bytes, to: row.incident, after: row.file.bytes)
        }
        return IncidentRow.Case(end)
    }

    private func storing(_ body: () throws(StorageError) -> Void) throws(VaultError) {
        do { try body() } catch {
            throw VaultError(error == .full ? .storageFull : .storageUnavailable)
        }
    }
}
