// The bounds of limits and of what is remembered for them.

extension Limits {
    /// Names with a bucket of their own, of all principals: a few megabytes.
    package static let limitedNames = 16_384
    /// Of them, those of one principal and class, so that one who makes names up in every class leaves half of the
    /// room to others.
    package static let limitedNamesEach = limitedNames / (2 * LimitClass.allCases.count)
    /// Microseconds between two searches for names whose bucket is empty again: one goes through all of them.
    package static let limitSweepMicroseconds: Int64 = 100_000
    /// Requests a minute that a setting may ask for: 100,000 a second.
    package static let requestsPerMinute = 1...6_000_000
    /// Requests at once that a setting may ask for.
    package static let requestBurst = 1...100_000
    /// Bytes a second that a setting may ask for.
    package static let bytesPerSecond = 1024...(1 << 40)
    /// The most that one check of a limit may take.
    package static let checkedCost: UInt64 = 10_000
    /// Seconds after which a streak of too many requests ends if there were no more, and between two events of one.
    package static let refusalStreakSeconds: Int64 = 60
    /// Streaks at once: more are counted in one that names nobody.
    package static let refusalStreaks = 1024
    /// Seconds between two looks for streaks that ended.
    package static let refusalStreakSweepSeconds = 5

    /// Requests that run at once, of all principals: as many as one transaction takes, for they wait for it together.
    package static let turns = commitBatch
    /// Of them, the fewest of one principal while another asks: two are flushed together.
    package static let fewestTurnsBeside = 2
    /// Microseconds for which a principal that asked is one of those who do.
    package static let turnLingeringMicroseconds: Int64 = 1_000_000

    /// Actors and networks whose failures are remembered, of all principals: with five failures each some sixty
    /// megabytes at the worst, by reckoning.
    package static let failureSubjects = 65_536
    /// Of them, those of one principal.
    package static let failureSubjectsEach = 32_768
    /// Failures of a user who passes on bad tokens that are remembered: the delay is the longest by then.
    package static let failuresOfUser = 16
    /// Microseconds between two searches for failures that are forgotten.
    package static let failureSweepMicroseconds: Int64 = 1_000_000
    /// The longest delay between two attempts, where a setting locks late, in microseconds.
    package static let longestDelayMicroseconds: Int64 = 60_000_000
    /// Failures after which a setting may lock.
    package static let lockoutFailures = 2...20
    /// Minutes for which a setting may remember failures, and lock.
    package static let lockoutMinutes = 1...1440
}
