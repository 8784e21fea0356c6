// Bounds of what happens while the store cannot be written.

extension Limits {
    /// Seconds that a request waits for its event before it is refused with `audit-unavailable`: slow disks
    /// flush in less, and callers have given up by then.
    package static let commitWaitSeconds: Int64 = 10
    /// Milliseconds between two looks at how long the log's writer has been waiting: what the bound above can
    /// be exceeded by.
    package static let commitWatchMilliseconds = 500
    /// Milliseconds between two attempts to open a store anew that failed.
    package static let reopenMilliseconds: Int64 = 2000
    /// Bytes that are kept for what must be recorded on a full disk: an event alone takes up to about ten pages
    /// of SQLite's write-ahead log, so that a hundred have room, sealing and stopping among them. A log that has grown
    /// up to ``checkpointPages`` is moved when there is more room than this: what is erased makes some.
    package static let reserveBytes = 4 << 20
    /// Bytes that must be free beside the reserve before it is taken again: a disk that is full the next moment
    /// has not recovered.
    package static let reserveMarginBytes = 1 << 20
}
