// The bounds of a policy.

extension Limits {
    /// Bytes of a policy's file: some thousand principals.
    package static let policyBytes = 262_144
    /// Principals of a policy: each request looks through them.
    package static let principals = 256
    /// Users, groups or units that one principal names.
    package static let principalMembers = 256
    /// Milliseconds after which a reload that met another tries again.
    package static let policyRetryMilliseconds = 100
    /// How often it does: for a minute.
    package static let policyRetries = 600
    /// Namespaces that a vault has: each has a key for good, and settings of its own.
    package static let namespaces = 64
    /// Images that a quota may allow.
    package static let quotaImages = 0...1_000_000_000_000
    /// Stored bytes that a quota may allow.
    package static let quotaBytes = 0...(1 << 60)
    /// Roles that a policy adds.
    package static let roles = 64
    /// Access tokens that a vault has, expired ones among them: an admin looks through them.
    package static let accessTokens = 1024
    /// Days that an access token lasts, and where nobody says.
    package static let tokenDays = 1...366
    package static let tokenDaysUnlessSaid = 90
    /// Seconds for which the secret before the last rotation goes on; a day where nobody says.
    package static let tokenOverlapSeconds = 0...2_592_000
    package static let tokenOverlapSecondsUnlessSaid = 86_400
    /// Seconds that a fetch ticket lasts, and where nobody says: as long as a page takes to load its pictures.
    package static let ticketSeconds = 1...3600
    package static let ticketSecondsUnlessSaid = 300
    /// Readings that one ticket is good for.
    package static let ticketReads = 1...1000
    /// Fetch tickets of one principal that are left, expired ones among them: 300 bytes each in the catalog.
    package static let ticketsEach = 1_000_000
    /// Expired tickets that go with each new one, so that they go faster than they come.
    package static let ticketSweep = 8
}
