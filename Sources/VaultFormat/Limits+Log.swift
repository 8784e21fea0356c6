// Bounds of what auditors take away and check.

extension Limits {
    /// Tiles of the log's tree that one proof keeps in memory: 16 KB each.
    package static let logTilesKept = 256
    /// Subtrees of 256 leaves that are made in one transaction, where a log has none.
    package static let logTilesAtOnce = 256

    /// Bytes of a bundle's line: the longest body is a succession of keys, far below.
    package static let bundleLineBytes = 65_536
    /// Bytes of a bundle's checkpoint with all its signatures.
    package static let bundleNoteBytes = 16_384
    /// Bytes of a bundle's heading: a query of every filter.
    package static let bundleHeadingBytes = 4096
}
