// Too many requests, told once: a flood of refusals is one streak, with an event when it begins, one each minute with
// how many there were since, and one when it ends.

package import VaultFormat

package struct RefusalStreaks: Sendable {
    /// Who asked too much, and of what.
    package struct Subject: Hashable, Sendable {
        /// Nil for who is nobody's principal.
        package let principal: PrincipalName?
        /// Nil where there were too many streaks to name them.
        package let limit: LimitClass?

        package init(principal: PrincipalName?, limit: LimitClass?) {
            self.principal = principal
            self.limit = limit
        }
    }

    /// What an event says.
    package struct Report: Hashable, Sendable {
        package let subject: Subject
        /// Refusals since the last report.
        package let count: Int
        /// The last one.
        package let caller: Caller
    }

    private struct Streak: Sendable {
        var count = 0
        var lastMicroseconds: Int64
        var reportedMicroseconds: Int64
        var caller: Caller

        mutating func report(_ subject: Subject, at now: Int64) -> Report {
            defer { (count, reportedMicroseconds) = (0, now) }
            return Report(subject: subject, count: count, caller: caller)
        }
    }

    private let capacity: Int
    private var streaks: [Subject: Streak] = [:]

    package init(capacity: Int = Limits.refusalStreaks) { self.capacity = capacity }

    /// Counts a refusal.
    ///
    /// - Returns: what to make an event of now; nil while it is only counted.
    package mutating func refused(
        _ subject: Subject, _ caller: Caller, at now: Int64
    ) -> Report? {
        let subject =
            streaks[subject] == nil && streaks.count >= capacity
            ? Subject(principal: nil, limit: nil) : subject
        guard var one = streaks[subject] else {
            streaks[subject] = Streak(
                lastMicroseconds: now, reportedMicroseconds: now, caller: caller)
            return Report(subject: subject, count: 1, caller: caller)
        }
        one.count += 1
        one.lastMicroseconds = now
        one.caller = caller
        defer { streaks[subject] = one }
        guard now - one.reportedMicroseconds >= Self.pause else { return nil }
        return one.report(subject, at: now)
    }

    /// Ends the streaks that are over.
    ///
    /// - Parameter isLast: ends all of them.
    /// - Returns: what was counted since the last reports.
    package mutating func ended(at now: Int64, isLast: Bool = false) -> [Report] {
        var reports: [Report] = []
        for (subject, one) in streaks where isLast || now - one.lastMicroseconds >= Self.pause {
            streaks[subject] = nil
            if one.count > 0 {
                reports.append(Report(subject: subject, count: one.count, caller: one.caller))
            }
        }
        return reports
    }

    /// Counts what could not be told after all: the next report has it.
    package mutating func restore(_ report: Report, at now: Int64) {
        var one =
            streaks[report.subject]
            ?? Streak(lastMicroseconds: now, reportedMicroseconds: now, caller: report.caller)
        one.count += report.count
        streaks[report.subject] = one
    }

    private static let pause = Limits.refusalStreakSeconds * 1_000_000
}
