/// What detection looks for, in the words of settings, events and measures. Detection.md has each.
package enum DetectionRule: String, Sendable, CaseIterable, Comparable {
    /// Readings far above what the same caller usually asks for.
    case readVolume = "read-volume"
    /// Deletions far above it, one by one or by an erasure of all that somebody has.
    case massDelete = "mass-delete"
    /// Many different ids that are no image.
    case idWalk = "id-walk"
    /// Stored things that do not open.
    case decryptFailures = "decrypt-failures"
    /// Secrets that open no slot.
    case unsealFailures = "unseal-failures"
    /// Uploads that were refused for what is in them.
    case refusedUploads = "refused-uploads"
    /// An image that nobody has a reason to ask for.
    case canaryRead = "canary-read"
    /// A log that could not be written for a while.
    case logOutage = "log-outage"
    /// Events or names that somebody erases, again and again.
    case redactions = "redactions"
    /// All of the log, taken by somebody who never took it.
    case firstExport = "first-export"
    /// Slots, roots and epochs that change in quick succession.
    case keyChanges = "key-changes"
    /// Rotations that are begun and given up.
    case cancelledRotations = "cancelled-rotations"
    /// An epoch that is destroyed soon after a way in was added.
    case hastyDestruction = "hasty-destruction"

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
