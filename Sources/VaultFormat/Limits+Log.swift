// Bounds of what auditors take away and check.

extension Limits {
    /// Tiles of the log's tree that one proof keeps in memory: 16 KB each.
    package static let logTilesKept = 256
    /// Subtrees of 256 leaves that are made in one transaction, where a log has none.
    package static let logTilesAtOnce = 256

    /// Fields of one body: more than the format has, and few enough to compare each with each.
    package static let eventFields = 96
    /// Actions that one query names.
    package static let queryActions = 16
    /// Checkpoints that one bundle passes.
    package static let knownCheckpoints = 8
    /// Events of one piece of a bundle: a few hundred kilobytes.
    package static let bundleEvents = 500

    /// Seconds between two readings of one image by one reader that count as one: in parts, or looked at again.
    package static let readingGapSeconds: Int64 = 600

    /// Events whose bodies go in one transaction: it holds the writer for some milliseconds.
    package static let erasedEventsAtOnce: UInt64 = 1000
    /// Events that one request erases.
    package static let erasedEventsOfRequest: UInt64 = 100_000
    /// Days for which the settings may keep events.
    package static let logDays = 1...36_500
    /// Runs of events without a body that a check still has to see explained: more at once has no sound log.
    package static let checkedErasures = 10_000
    /// Hours between two scheduled exports.
    package static let exportHours = 1...8784

    /// Bytes of a bundle's line: the longest body is a succession of keys, far below.
    package static let bundleLineBytes = 65_536
    /// Bytes of a bundle's checkpoint with all its signatures.
    package static let bundleNoteBytes = 16_384
    /// Bytes of a bundle's heading: a query of every filter.
    package static let bundleHeadingBytes = 4096
}
