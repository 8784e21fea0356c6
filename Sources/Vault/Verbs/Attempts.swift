// What a web tier saw at its own door: each attempt an event before it is judged.

package import VaultCrypto
package import VaultFormat

extension Vault {
    /// Counts an attempt, and says what is to become of the next one of the same people.
    ///
    /// - Throws: ``VaultError`` `sealed`, or when its event cannot be written: then it is counted all the same.
    package func judge(
        _ attempt: AuthAttempt, of principal: PrincipalName, _ call: Call
    ) async throws(VaultError) -> (decision: AccessDecision, locked: [LockedSubject]) {
        try await audited(.authAttempted, call) { () async throws(VaultError) in
            // What is asserted has no place in the log of a sealed vault.
            _ = try keyring()
            let outcome = count(attempt, of: principal, at: clock.monotonicMicroseconds())
            let locked = outcome.locked.compactMap(\.kind)
            var event = event(locked.isEmpty ? .authAttempted : .authLocked, call)
            event.outcome = attempt.isSuccess ? .done : .refused
            event.principal = principal
            event.asserted = attempt.asserted
            event.reason = attempt.reason?.description
            event.endpoint = attempt.endpoint
            event.decision = outcome.decision
            event.locked = locked
            do throws(VaultError) {
                try await committer.record(event)
            } catch {
                gatekeeper.withState { $0.failures.untold(outcome.locked, of: principal) }
                throw error
            }
            return (outcome.decision, locked)
        }
    }

    /// What is to become of an attempt of these now. Leaves no event.
    package func decision(
        actor: ActorName?, client: ClientAddress?, of principal: PrincipalName
    ) -> AccessDecision {
        let now = clock.monotonicMicroseconds()
        return gatekeeper.withState { state in
            state.failures.decision(
                for: FailureTracker.Subject.of(actor, client), of: principal, at: now)
        }
    }

    private func count(
        _ attempt: AuthAttempt, of principal: PrincipalName, at now: Int64
    ) -> FailureTracker.Outcome {
        let subjects = FailureTracker.Subject.of(
            attempt.asserted.actor, attempt.asserted.client)
        return gatekeeper.withState { state in
            guard attempt.isSuccess else {
                return state.failures.failed(
                    subjects, of: principal, as: attempt.asserted.actor, at: now)
            }
            let decision = state.failures.succeeded(
                subjects, of: principal, as: attempt.asserted.actor, at: now)
            return .init(decision: decision, locked: [])
        }
    }
}

extension FailureTracker.Subject {
    static func of(_ actor: ActorName?, _ client: ClientAddress?) -> [Self] {
        [actor.map { .actor($0) }, client.map { .source(SourceNetwork($0)) }].compactMap(\.self)
    }

    /// Nil for what is never locked.
    fileprivate var kind: LockedSubject? {
        switch self {
        case .actor: .actor
        case .source: .source
        case .user: nil
        }
    }
}

// MARK: After a start

extension Vault {
    /// Counts the attempts of the last minutes before the start again, once, from the log: a restart forgives
    /// nobody. Called before anybody can report one: an attempt counts once.
    ///
    /// - Parameter pageRows: rows that are read at once.
    /// - Throws: ``StorageError`` where the log cannot be read; what was read until then counts.
    package func recallAttempts(
        _ keyring: Keyring, pageRows: Int = Limits.pageRows
    ) throws(StorageError) {
        let isFirst = gatekeeper.withState { state in
            defer { state.isReplayed = true }
            return !state.isReplayed
        }
        guard isFirst else { return }
        let rules = gatekeeper.limits.failures
        var filter = EventFilter()
        filter.actions = [.authAttempted, .authLocked]
        filter.since = clock.nowMicroseconds() - rules.windowMicroseconds - rules.lockMicroseconds
        let (wall, now) = (clock.nowMicroseconds(), clock.monotonicMicroseconds())
        let size = committer.frontier.size
        var range = try catalog.read { (reader) throws(StorageError) in
            try reader.indexes(since: filter.since, until: nil, size: size)
        }
        while !range.isEmpty {
            let page = try recall(filter, range, pageRows, keyring)
            for one in page.attempts {
                let age = max(0, wall - one.atMicroseconds)
                _ = count(one.attempt, of: one.principal, at: now - age)
            }
            range = (page.next ?? range.upperBound)..<range.upperBound
        }
    }

    /// As ``recallAttempts(_:pageRows:)``, for a start: a vault that starts sealed does so when it is unsealed.
    package func recallAttempts() throws(StorageError) {
        guard let keyring = keyringIfUnsealed else { return }
        try recallAttempts(keyring)
    }

    private func recall(
        _ filter: EventFilter, _ range: Range<UInt64>, _ limit: Int, _ keyring: Keyring
    ) throws(StorageError) -> (attempts: [RecalledAttempt], next: UInt64?) {
        try catalog.read { (reader) throws(StorageError) in
            let rows = try reader.events(
                filter, from: range.lowerBound, below: range.upperBound, limit: limit)
            var attempts: [RecalledAttempt] = []
            for row in rows {
                if let attempt = try RecalledAttempt(row, keyring, reader) {
                    attempts.append(attempt)
                }
            }
            return (attempts, rows.count < limit ? nil : rows.last.map { $0.index + 1 })
        }
    }
}

/// An attempt as the log has it, with the names behind its pseudonyms.
private struct RecalledAttempt {
    let attempt: AuthAttempt
    let principal: PrincipalName
    let atMicroseconds: Int64

    /// Nil for what cannot be opened, names nobody, or is no attempt that was judged.
    init?(
        _ row: EventRow, _ keyring: Keyring, _ reader: any CatalogReader
    ) throws(StorageError) {
        guard let body = row.body(keyring), let fields = try? EventFields(parsing: body),
            let principal = fields.text("principal").flatMap({ try? PrincipalName($0) })
        else { return nil }
        func name(_ field: String) throws(StorageError) -> String? {
            guard let text = fields.text(field), let pseudonym = try? Pseudonym(hex: text),
                let row = try reader.pseudonym(pseudonym)
            else { return nil }
            return try? keyring.openName(row.sealedName, row.kind, pseudonym)
        }
        var attempt = AuthAttempt(isSuccess: fields.text("outcome") == EventOutcome.done.name)
        attempt.asserted.actor = try name("actor").flatMap { try? ActorName($0) }
        attempt.asserted.client = try name("client").flatMap { try? ClientAddress(canonical: $0) }
        self.attempt = attempt
        self.principal = principal
        atMicroseconds = row.atMicroseconds
    }
}
