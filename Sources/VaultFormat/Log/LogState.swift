/// Whether the log can be written, and why not. Nothing that needs an event happens while it cannot.
package enum LogState: String, Hashable, Sendable, CaseIterable {
    case writable
    /// The disk has no room; it goes on by itself when there is some.
    case full
    /// A write or flush failed: the store is opened anew and compared with what was acknowledged.
    case failed
    /// A write has not come back for too long.
    case stalled
    /// Another file lies where the catalog was, or none.
    case replaced
    /// The store was opened anew, and events that were acknowledged are not in it.
    case lost

    /// What requests are refused with; nil where they are not.
    package var code: ErrorCode? {
        switch self {
        case .writable: nil
        case .full: .storageFull
        case .failed, .stalled, .replaced, .lost: .auditUnavailable
        }
    }

    /// Whether nobody knows what the disk holds: what seems to be named by no row may be.
    package var isUncertain: Bool { self != .writable && self != .full }
}
