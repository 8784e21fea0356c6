/// What takes an anchor.
package enum AnchorKind: String, Hashable, Sendable, CaseIterable {
    case file
    case command
}

/// How the anchor at one place stands to the store.
package enum AnchorState: String, Hashable, Sendable, CaseIterable {
    /// It is of the newest state, or a moment behind it.
    case current
    /// It lags behind, and no attempt has failed.
    case late
    /// The last attempt failed.
    case failed
    /// The log's key is not open: nothing can be signed.
    case logKeySealed = "log-key-sealed"
}
