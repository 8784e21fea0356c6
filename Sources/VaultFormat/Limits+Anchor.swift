// Bounds of the anchor that is kept outside of the store.

extension Limits {
    /// Milliseconds between two looks at whether the anchor is still the newest: what a rollback can take
    /// back unseen.
    package static let anchorMilliseconds: Int64 = 1000
    /// Seconds after which an anchor that lags behind the log is called late: a busy disk is no alarm.
    package static let anchorLateSeconds: Int64 = 10
    /// Bytes of an anchor's file that are read: a note has about 500.
    package static let anchorBytes = 16 << 10
    /// Seconds that the command gets which takes an anchor, before it is killed: a copy to another host that
    /// does not answer must not pile up.
    package static let anchorCommandSeconds = 30
    /// Milliseconds between two looks at whether that command has ended.
    package static let anchorCommandPollMilliseconds = 20
    /// Words of that command.
    package static let anchorCommandWords = 32
    /// Events whose digests are read at once where a root is worked out from them: some megabytes.
    package static let rootEvents: UInt64 = 4096
}
