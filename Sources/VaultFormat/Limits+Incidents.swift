// The bounds of incidents, their cases and what they may take from anybody.

extension Limits {
    /// Incidents that are open: each is somebody's work, and a flood of alarms fills no disk.
    package static let openIncidents = 64
    /// Of these, what alarms about asserted callers take at most: names are made up easily.
    package static let actorIncidents = 32
    /// And what alarms leave to people.
    package static let handIncidents = 8
    /// Incidents that there are, closed ones among them: some 300 bytes each in the catalog, and a case's file.
    package static let incidents = 65_536
    /// Alarms whose incident could not be opened, and that are tried again; attempts, and seconds before the second,
    /// which double.
    package static let unopenedAlarms = 64
    package static let unopenedAttempts = 8
    package static let unopenedSeconds: Int64 = 5
    /// Events before an alarm's first that its case has too: what led to it.
    package static let caseEventsBefore: UInt64 = 256
    /// Events that a case has, the last ones: some megabytes.
    package static let caseEvents: UInt64 = 4096
    /// Bytes of one sealed record of a case: what is opened at once.
    package static let caseRecordBytes = 1 << 20
    /// Records of a case: its evidence, and what an incident's people write down.
    package static let caseRecords = 2048
    /// Bytes of a case's file, with room for its longest records.
    package static let caseBytes = 256 << 20
    /// Users, and principals, that a census counts.
    package static let censusRows = 256
    /// Minutes for which a containment holds: a week, so that none is forgotten; and an hour where nobody says.
    package static let containmentMinutes = 1...10_080
    package static let containmentMinutesUnlessSaid = 60
    /// What a throttled principal may ask for, and at once: enough to be looked at while it works.
    package static let containedRequestsPerMinute = 60
    package static let containedBurst = 10
    /// Milliseconds between two looks for containments that have ended; the doors look each time.
    package static let containmentSweepMilliseconds = 500
    /// Alerts that wait: more are told of as failed.
    package static let alerts = 256
    /// Attempts at one alert, and milliseconds before the second, which double.
    package static let alertAttempts = 4
    package static let alertRetryMilliseconds = 2000
    /// Milliseconds between two looks for alerts.
    package static let alertPollMilliseconds = 200
    /// Seconds that an alert's command, or socket, may take.
    package static let alertSeconds = 10
    /// Words of an alert's command, its program among them.
    package static let alertCommandWords = 16
    /// Bytes of an answer that an alert's socket gives: its first line is read.
    package static let alertAnswerBytes = 4096
}
