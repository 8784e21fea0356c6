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
    /// Roles that a policy adds.
    package static let roles = 64
}
