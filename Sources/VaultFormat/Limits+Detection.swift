// Bounds of detection's memory. When an alarm is raised says RuleParameters.

extension Limits {
    /// Batches of committed events that may wait to be looked at: minutes of a busy vault. What comes on top is read
    /// in the log.
    package static let detectionBatches = 256
    /// Events that are read back after a start, and where the rules were slower than the log: a few hours of a busy
    /// vault, read in seconds beside the first requests.
    package static let detectionRecall: UInt64 = 50_000
    /// Principals that a rule remembers: as many as a policy has, and those of the one before.
    package static let detectionPrincipals = 2 * principals
    /// Actors that a rule remembers, about 3 KiB each at most. Who was quiet the longest is forgotten first.
    package static let detectionActors = 4096
    /// Alarms that are open at once; what comes on top is told as one of the whole vault. As many wait to be answered.
    package static let detectionStreaks = 1024
    /// Erasures under way of which it is known who asked for them.
    package static let detectionErasures = 256
    /// Users of whom it is known that they took the log before.
    package static let detectionExporters = 1024
    /// Microseconds by which an event may be older than the one before: clocks are put right by less. A clock that
    /// was put back by more makes the rules begin anew.
    package static let detectionClockMicroseconds: Int64 = 300_000_000
    /// How often, and after how many milliseconds each time, an alarm's event is tried that met an outage: for a minute.
    package static let alarmAttempts = 600
    package static let alarmRetryMilliseconds = 100
    /// Canary images of a vault: an admin knows each by its note.
    package static let canaries = 1000
}
