// What an incident takes from a principal: set, asked for at the doors, and ended.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// Contains an incident's principal, or seals the vault, until an end.
    ///
    /// - Parameter call: nil where a rule does it.
    /// - Throws: ``VaultError`` `unknown-incident`, `incident-closed`, `invalid-body` where there is no principal, or
    ///   `last-admin` where nobody would be left who may lift it.
    @discardableResult
    package func contain(
        _ id: IncidentID, to grade: ContainmentGrade, minutes: Int, under policy: AccessPolicy,
        _ call: Call? = nil
    ) async throws(VaultError) -> IncidentRow {
        var refusal: Event
        do throws(VaultError) {
            let row = try await incidentTurn.take { () async throws(VaultError) in
                try await contained(id, grade, minutes, policy, call)
            }
            guard grade == .seal else { return row }
            try await seal(row.containment?.endsMicroseconds, call)
            return row
        } catch {
            guard !error.isRecorded else { throw error }
            refusal = incidentEvent(.containmentSet, call)
            refusal.incident = id
            refusal.grade = grade
            refusal.outcome = error.outcome
            refusal.code = error.code
            try await committer.record(refusal)
            throw error.recorded
        }
    }

    private func contained(
        _ id: IncidentID, _ grade: ContainmentGrade, _ minutes: Int, _ policy: AccessPolicy,
        _ call: Call?
    ) async throws(VaultError) -> IncidentRow {
        var row = try openRow(id)
        var event = incidentEvent(.containmentSet, call)
        try requireLifter(row, grade, policy, at: event.atMicroseconds)
        let minutes = min(
            max(minutes, Limits.containmentMinutes.lowerBound),
            Limits.containmentMinutes.upperBound)
        let ends = event.atMicroseconds + Int64(minutes) * 60_000_000
        event.grade = grade
        event.until = .until(microseconds: ends)
        row.containment = IncidentRow.Containment(
            grade: grade, endsMicroseconds: ends,
            setter: call?.caller.uid ?? settings.incidents.creator)
        // What is in the way of the case's file is in nobody else's.
        let entry = CaseEntry(.contained, event, grade: grade, untilMicroseconds: ends)
        row.file = (try? added(entry, to: row)) ?? row.file
        guard grade == .seal else { return try await committed(.changeIncident(row), event) }
        // In this order: what is on record as sealed is sealed after a crash, too.
        try markSealed(ends)
        do throws(VaultError) {
            return try await committed(.changeIncident(row), event)
        } catch {
            if !committer.isBroken, error.code != .auditUnavailable {
                try? keyFiles.setSealMark(false)
            }
            throw error
        }
    }

    /// Somebody who may lift a containment is left, or the containment is nobody's of those.
    private func requireLifter(
        _ row: IncidentRow, _ grade: ContainmentGrade, _ policy: AccessPolicy,
        at microseconds: Int64
    ) throws(VaultError) {
        guard grade != .seal else { return }
        guard let principal = row.principal else { throw VaultError(.invalidBody) }
        let lifters = policy.lifters
        guard grade.isGag, lifters.contains(principal) else { return }
        let gagged = containments.holding(at: microseconds, besides: row.incident).gagged
        guard !lifters.subtracting(gagged).subtracting([principal]).isEmpty else {
            throw VaultError(.lastAdmin)
        }
    }

    /// Ends a containment before its time; without one, nothing is changed.
    package func liftContainment(
        of id: IncidentID, _ call: Call
    ) async throws(VaultError) -> IncidentRow {
        try await audited(.containmentEnded, call) { () async throws(VaultError) in
            try await incidentTurn.take { () async throws(VaultError) in
                let row = try incidentRow(id)
                guard row.containment != nil else {
                    // The answer to a lift may have been lost, and what it changed is there.
                    hold(row)
                    var event = event(.incidentsRead, call)
                    event.incident = id
                    try await committer.record(event)
                    return row
                }
                return try await ended(row, event(.containmentEnded, call), because: "lifted")
            }
        }
    }

    func ended(
        _ row: IncidentRow, _ begun: Event, because reason: String
    ) async throws(VaultError) -> IncidentRow {
        var (row, event) = (row, begun)
        event.grade = row.containment?.grade
        event.reason = reason
        let entry = CaseEntry(.ended, event, grade: event.grade)
        row.containment = nil
        // Nothing that became of a file keeps anybody contained.
        row.file = (try? added(entry, to: row)) ?? row.file
        return try await committed(.changeIncident(row), event)
    }

    /// Ends the containments whose time has come, each with its event. What cannot be written now is tried again:
    /// for the doors they are over.
    package func endContainments() async throws(VaultError) {
        var failure: VaultError?
        for id in containments.over(at: clock.nowMicroseconds()) {
            // One whose row is damaged keeps no other.
            do throws(VaultError) {
                try await end(id, because: "time") { $0.isOver(at: clock.nowMicroseconds()) }
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Ends those that sealed the vault, which is open again.
    func endSeals() async throws(VaultError) {
        for id in containments.seals {
            try await end(id, because: "unsealed") { $0.grade == .seal }
        }
    }

    private func end(
        _ id: IncidentID, because reason: String, if isDue: (IncidentRow.Containment) -> Bool
    ) async throws(VaultError) {
        try await incidentTurn.take { () async throws(VaultError) in
            let row = try incidentRow(id)
            guard let containment = row.containment, isDue(containment) else {
                return hold(row)
            }
            let event = Event(.containmentEnded, atMicroseconds: clock.nowMicroseconds())
            _ = try await ended(row, event, because: reason)
        }
    }

    /// From now on the row says who is contained. Work that it held may go on.
    func hold(_ row: IncidentRow) {
        containments.set(row)
        operationAlarm.ring()
    }

    /// Learns from the rows who is contained: at the start, and when the vault was opened.
    ///
    /// - Throws: ``VaultError`` `row-damaged`: then those that verify hold.
    package func recallContainments() throws(VaultError) {
        try recallContainments(keyring())
    }

    func recallContainments(_ keyring: Keyring) throws(VaultError) {
        let rows = try reading { (reader) throws(StorageError) in
            try reader.openIncidents(limit: Limits.openIncidents)
        }
        let sound = rows.filter { (try? $0.verify(with: keyring)) != nil }
        containments.replace(by: sound)
        guard sound.count == rows.count else { throw VaultError(.rowDamaged) }
    }

    private func incidentEvent(_ action: EventAction, _ call: Call?) -> Event {
        call.map { event(action, $0) } ?? Event(action, atMicroseconds: clock.nowMicroseconds())
    }

    // MARK: At the doors

    /// Lets a principal's request in as far as it is contained.
    ///
    /// - Returns: microseconds after which it may come again; nil where it may come in.
    /// - Throws: ``VaultError`` `suspended`, which has no event yet.
    package func wait(
        forContained principal: PrincipalName, asking verb: VerbName, under policy: AccessPolicy,
        _ call: Call
    ) async throws(VaultError) -> Int64? {
        let grades = grades(of: principal, under: policy)
        let isAllowed = grades.allSatisfy { $0.allows(verb) }
        guard grades.contains(.throttle) || !isAllowed else { return nil }
        let now = clock.monotonicMicroseconds()
        let (wait, report) = gatekeeper.withState { state -> (Int64?, RefusalStreaks.Report?) in
            let wait = state.contained.take(
                Cost(), of: principal, as: nil, .init(owner: .contained), at: now)
            guard wait != nil else { return (nil, nil) }
            let subject = RefusalStreaks.Subject(principal: principal, limit: verb.limitClass)
            return (wait, state.streaks.refused(subject, call.caller, at: now))
        }
        if let report { try await record(report) }
        if wait == nil, !isAllowed { throw VaultError(.suspended) }
        return wait
    }

    /// How far a principal is contained now. Where nobody would be left who may lift it, as when the policy became
    /// another, those who may are not.
    package func grades(
        of principal: PrincipalName, under policy: AccessPolicy
    ) -> Set<ContainmentGrade> {
        let holding = containments.holding(at: clock.nowMicroseconds())
        guard let grades = holding[principal] else { return [] }
        let lifters = policy.lifters
        guard lifters.contains(principal), lifters.isSubset(of: holding.gagged) else {
            return grades
        }
        return grades.filter { !$0.isGag }
    }
}

extension Rate {
    /// What is left to a throttled principal, and how often another hears that it is suspended.
    static let contained = Rate(
        requestsPerMinute: Limits.containedRequestsPerMinute, burst: Limits.containedBurst)
}
