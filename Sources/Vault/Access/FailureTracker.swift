// Who failed to prove who he is, how often, and for how long he has to wait. RateLimits.md is the specification.

package import VaultFormat

/// Failures of the last minutes, in bounded memory.
package struct FailureTracker: Sendable {
    package struct Rules: Hashable, Sendable {
        /// Failures that lock.
        package var failures: Int
        /// How long a failure counts.
        package var windowMicroseconds: Int64
        /// How long a lock lasts.
        package var lockMicroseconds: Int64
        /// Between the second failure and the third attempt; twice as long after each one more.
        package var delayMicroseconds: Int64

        package init(
            failures: Int = 5, windowMicroseconds: Int64 = 900_000_000,
            lockMicroseconds: Int64 = 900_000_000, delayMicroseconds: Int64 = 1_000_000
        ) {
            self.failures = failures
            self.windowMicroseconds = windowMicroseconds
            self.lockMicroseconds = lockMicroseconds
            self.delayMicroseconds = delayMicroseconds
        }
    }

    /// Whose failures are counted, among those of a principal.
    package enum Subject: Hashable, Sendable {
        /// The principal itself, for what it proves to the vault. It is slowed and never locked out: the kernel
        /// says who it is, and somebody has to be able to put things right.
        case principal
        case actor(ActorName)
        case source(SourceNetwork)
        /// All whom there is no room for. Nobody is locked out for what others did.
        case others

        var mayBeLocked: Bool {
            switch self {
            case .principal, .others: false
            case .actor, .source: true
            }
        }
    }

    /// What came of a failure.
    package struct Outcome: Hashable, Sendable {
        package let decision: AccessDecision
        /// Whose lock is news: the first one of a case.
        package let locked: [Subject]
    }

    private struct Failure: Sendable {
        let at: Int64
        /// Whom it was tried as.
        let actor: ActorName?
    }

    /// A case lasts from the first failure until all of them are forgotten.
    private struct Record: Sendable {
        /// Oldest first, at most as many as lock.
        var failures: [Failure] = []
        var lockedUntil: Int64 = .min
        /// Until when this is the same case.
        var endsAt: Int64 = .min
        /// Whether somebody was told of a lock.
        var isTold = false

        func isOver(at now: Int64) -> Bool { lockedUntil <= now && endsAt <= now }
    }

    private let rules: Rules
    private let capacity: Int
    private let capacityEach: Int
    private var records: [PrincipalName: [Subject: Record]] = [:]
    private var sweptAt: Int64 = .min
    package private(set) var count = 0

    package init(
        _ rules: Rules = Rules(), subjects: Int = Limits.failureSubjects,
        subjectsEach: Int = Limits.failureSubjectsEach
    ) {
        self.rules = rules
        capacity = subjects
        capacityEach = subjectsEach
    }

    // MARK: Deciding

    /// What is to become of an attempt now.
    ///
    /// - Parameter now: microseconds of a clock that never steps back.
    package func decision(
        for subjects: [Subject], of principal: PrincipalName, at now: Int64
    ) -> AccessDecision {
        subjects.reduce(.allow) { decision, subject in
            let known = place(of: subject, principal)
            return decision.stricter(self.decision(known, records[principal]?[known], now))
        }
    }

    private func decision(
        _ subject: Subject, _ record: Record?, _ now: Int64
    ) -> AccessDecision {
        guard let record else { return .allow }
        if record.lockedUntil > now { return .block(record.lockedUntil - now) }
        guard let last = record.failures.last?.at else { return .allow }
        let recent = record.failures.count { $0.at > now - rules.windowMicroseconds }
        let free = last + delay(after: recent)
        return free > now ? .delay(free - now) : .allow
    }

    private func delay(after failures: Int) -> Int64 {
        guard failures > 1 else { return 0 }
        let doublings = min(failures - 2, 30)
        return min(rules.delayMicroseconds << Int64(doublings), Limits.longestDelayMicroseconds)
    }

    // MARK: Counting

    /// Counts a failure against each of `subjects`.
    package mutating func failed(
        _ subjects: [Subject], of principal: PrincipalName, as actor: ActorName? = nil,
        at now: Int64
    ) -> Outcome {
        var locked: [Subject] = []
        for subject in subjects {
            let known = makeRoom(for: subject, principal, at: now)
            if count(Failure(at: now, actor: actor), known, principal) { locked.append(known) }
        }
        return Outcome(decision: decision(for: subjects, of: principal, at: now), locked: locked)
    }

    /// - Returns: whether a lock begins that nobody was told of.
    private mutating func count(
        _ failure: Failure, _ subject: Subject, _ principal: PrincipalName
    ) -> Bool {
        var record = records[principal]?[subject] ?? Record()
        if record.isOver(at: failure.at) { record = Record() }
        record.endsAt = failure.at + rules.windowMicroseconds
        defer { records[principal, default: [:]][subject] = record }
        // Who is locked out already is not locked out for longer: else anybody could keep him out for ever.
        guard record.lockedUntil <= failure.at else { return false }
        record.failures.removeAll { $0.at <= failure.at - rules.windowMicroseconds }
        record.failures.append(failure)
        guard subject.mayBeLocked else {
            // What never locks keeps enough of them for the longest delay.
            if record.failures.count > Self.delayedFailures { record.failures.removeFirst() }
            return false
        }
        guard record.failures.count >= rules.failures else { return false }
        record.failures = []
        record.lockedUntil = failure.at + rules.lockMicroseconds
        defer { record.isTold = true }
        return !record.isTold
    }

    private static let delayedFailures = 8

    /// Forgets what was counted against whoever proved himself: all of his own, and of a source what was tried as
    /// him. A lock stays until its time is over: who is locked out proves nothing.
    package mutating func succeeded(
        _ subjects: [Subject], of principal: PrincipalName, as actor: ActorName? = nil,
        at now: Int64
    ) -> AccessDecision {
        let decision = decision(for: subjects, of: principal, at: now)
        if case .block = decision { return decision }
        for subject in subjects {
            guard var record = records[principal]?[subject] else { continue }
            if case .source = subject {
                record.failures.removeAll { $0.actor == actor }
            } else if subject != .others {
                record.failures = []
            }
            records[principal]?[subject] = record
        }
        return decision
    }

    // MARK: Room

    private func place(of subject: Subject, _ principal: PrincipalName) -> Subject {
        records[principal]?[subject] == nil && !hasRoom(principal) ? .others : subject
    }

    private func hasRoom(_ principal: PrincipalName) -> Bool {
        count < capacity && records[principal]?.count ?? 0 < capacityEach
    }

    /// Where a subject is counted. Nobody's failures are forgotten for somebody else's: whoever makes names up would
    /// wipe out what he did under one.
    private mutating func makeRoom(
        for subject: Subject, _ principal: PrincipalName, at now: Int64
    ) -> Subject {
        guard records[principal]?[subject] == nil else { return subject }
        if !hasRoom(principal) { sweep(at: now) }
        guard hasRoom(principal) else { return .others }
        records[principal, default: [:]][subject] = Record()
        count += 1
        return subject
    }

    private mutating func sweep(at now: Int64) {
        guard now >= sweptAt + Limits.failureSweepMicroseconds else { return }
        sweptAt = now
        for (principal, subjects) in records {
            let rest = subjects.filter { !$0.value.isOver(at: now) }
            records[principal] = rest.isEmpty ? nil : rest
        }
        count = records.values.reduce(0) { $0 + $1.count }
    }
}
