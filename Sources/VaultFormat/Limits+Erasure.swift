// Bounds of erasures, of their receipts, and of what forbids them.

extension Limits {
    /// Milliseconds that an erasure waits for others before the store is purged for all of them: less than
    /// anybody waits for a receipt.
    package static let purgeGatherMilliseconds: Int64 = 20
    /// Milliseconds for which the catalog's writer waits for readers of an older state, each time: no longer
    /// than a slow disk keeps it waiting anyway.
    package static let purgeWaitMilliseconds: Int64 = 50
    /// Milliseconds before a purge is tried again that could not be done.
    package static let purgeRetryMilliseconds: Int64 = 50
    /// Milliseconds before the sweep is tried again that could not be done: whatever hinders it lasts for a while.
    package static let sweepRetryMilliseconds: Int64 = 60_000
    /// Rests after a purge, in multiples of what it took: so much of the time is left to requests.
    package static let purgeRests: Int64 = 3
    /// Blobs whose removal is remembered until it is flushed, so that it can be done again after a flush that
    /// failed: a megabyte. Beyond it the sweep of another start is waited for.
    package static let removalsRemembered = 65_536
    /// Seconds for which a reader of the catalog waits while its files are put in order.
    package static let catalogWaitSeconds = 5
    /// Pages in SQLite's write-ahead log, 16 MB, after which a commit moves it to the database: a page that many
    /// commits write is moved once.
    package static let checkpointPages: Int32 = 4000
    /// Erasures by owner or job that are unfinished at once.
    package static let erasuresUnfinished = 64
    /// Copies of the keyring that are registered at once.
    package static let escrows = 1000
    /// What the receipts of one page wait for, all together, before the page ends, with a receipt at least: each
    /// waits for every copy that is registered, and half a megabyte is enough for an answer.
    package static let receiptPageWaits = 4096
    /// Holds at once: more than a court orders, and few enough to be looked at.
    package static let holds = 10_000
    /// Days for which a claim may be kept before it is erased.
    package static let retentionDays = 1...36_500
    /// Seconds between two looks at what has reached the end of its retention.
    package static let expirySeconds: Int64 = 60
    /// Seconds before claims that stayed at their end, because they are held or damaged, are looked at again.
    package static let expiryRetrySeconds: Int64 = 6 * 3600
    /// Seconds by which the clock may run ahead, unseen by the daemon, before nothing is erased for its age for
    /// a while: a clock that jumps is somebody's mistake, an attack, or a daemon that was away for long.
    package static let clockJumpSeconds: Int64 = 24 * 3600
    /// Seconds for which then nothing is: time for an admin to see to the clock.
    package static let clockJumpWaitSeconds: Int64 = 3600
}
