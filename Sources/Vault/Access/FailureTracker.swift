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

    /// Whose failures are counted, among those that a principal reports.
    package enum Subject: Hashable, Sendable {
        case actor(ActorName)
        case source(SourceNetwork)
        /// Whose process passed on a bad token: it waits, and is never locked out, for it speaks for many.
        case user(UInt32)
    }

    /// What came of a failure.
    package struct Outcome: Hashable, Sendable {
        package let decision: AccessDecision
        /// Whose lock is news: the first one of a streak.
        package let locked: [Subject]
    }

    private struct Failure: Sendable {
        let at: Int64
        /// Of a source: whom it was tried as.
        let actor: ActorName?
    }

    /// A streak lasts from the first failure until all of them are forgotten.
    private struct Record: Sendable {
        /// Oldest first, at most as many as lock.
        var failures: [Failure] = []
        var lockedUntil: Int64 = .min
        /// Until when this is the same streak.
        var endsAt: Int64 = .min
        /// Whether somebody was told of a lock.
        var isTold = false

        func isOver(at now: Int64) -> Bool { lockedUntil <= now && endsAt <= now }

        /// Fewer than it took to be locked out, and longer ago: what is forgotten first where there is no room.
        func isLess(_ other: Record) -> Bool {
            (lockedUntil, failures.count, endsAt)
                < (other.lockedUntil, other.failures.count, other.endsAt)
        }
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
            decision.stricter(self.decision(records[principal]?[subject], now))
        }
    }

    private func decision(_ record: Record?, _ now: Int64) -> AccessDecision {
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
        var unknown = AccessDecision.allow
        for subject in subjects {
            guard makeRoom(for: subject, principal, at: now) else {
                // Who cannot be remembered waits all the same, and is locked out by nobody.
                unknown = .delay(rules.delayMicroseconds)
                continue
            }
            var failure = Failure(at: now, actor: nil)
            if case .source = subject { failure = Failure(at: now, actor: actor) }
            if count(failure, subject, principal) { locked.append(subject) }
        }
        return Outcome(
            decision: decision(for: subjects, of: principal, at: now).stricter(unknown),
            locked: locked)
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
        guard record.lockedUntil <= failure.at else {
            defer { record.isTold = true }
            return !record.isTold
        }
        record.failures.removeAll { $0.at <= failure.at - rules.windowMicroseconds }
        record.failures.append(failure)
        if case .user = subject {
            record.failures = record.failures.suffix(Limits.failuresOfUser)
            return false
        }
        guard record.failures.count >= rules.failures else { return false }
        record.failures = []
        record.lockedUntil = failure.at + rules.lockMicroseconds
        defer { record.isTold = true }
        return !record.isTold
    }

    /// What was to be told could not be: it is news again.
    package mutating func untold(_ subjects: [Subject], of principal: PrincipalName) {
        for subject in subjects { records[principal]?[subject]?.isTold = false }
    }

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
            switch subject {
            case .source: record.failures.removeAll { $0.actor == actor }
            case .actor, .user: record.failures = []
            }
            records[principal]?[subject] = record
        }
        return decision
    }

    // MARK: Room

    private func hasRoom(_ principal: PrincipalName) -> Bool {
        count < capacity && records[principal]?.count ?? 0 < capacityEach
    }

    /// Nobody is forgotten for who failed less often: whoever makes names up, each of which fails once, wipes out
    /// nobody's second failure, and no lock.
    ///
    /// - Returns: false where all that are known are locked out.
    private mutating func makeRoom(
        for subject: Subject, _ principal: PrincipalName, at now: Int64
    ) -> Bool {
        if records[principal]?[subject] != nil { return true }
        if !hasRoom(principal) { sweep(at: now) }
        if !hasRoom(principal) { forget(at: now, of: principal) }
        guard hasRoom(principal) else { return false }
        records[principal, default: [:]][subject] = Record()
        count += 1
        return true
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

    /// A quarter of those who are not locked out, of this principal or of whoever has the most: so many at once that
    /// it is seldom done.
    private mutating func forget(at now: Int64, of principal: PrincipalName) {
        let isOwn = records[principal]?.count ?? 0 >= capacityEach
        let most = records.max { $0.value.count < $1.value.count }?.key
        guard let owner = isOwn ? principal : most else { return }
        let open = (records[owner] ?? [:]).filter { $0.value.lockedUntil <= now }
        let least = open.sorted { $0.value.isLess($1.value) }.prefix((open.count + 3) / 4)
        for (subject, _) in least { records[owner]?[subject] = nil }
        count -= least.count
    }
}
