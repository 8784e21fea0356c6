/// What an auditor asks for, in an auditor's words. What is nil asks for nothing.
package struct AuditQuery: Hashable, Sendable {
    package var image: ImageID?
    package var uid: UInt32?
    package var owner: OwnerID?
    package var job: JobID?
    /// Whom a backend said that it asks for.
    package var actor: ActorName?
    package var client: ClientAddress?
    /// Of the four above; nil for the auditor's own.
    package var namespace: NamespaceName?
    /// What was shown, or is meant.
    package var token: AccessTokenID?
    package var ticket: TicketID?
    /// What stands for such a name in the log.
    package var pseudonym: Pseudonym?
    /// Any of these.
    package var actions: [EventAction] = []
    package var outcome: EventOutcome?
    /// Microseconds since 1970: from, up to but not with.
    package var since: Int64?
    package var until: Int64?

    package init() {}

    /// Whether it asks for times at most.
    package var isOfTime: Bool {
        var rest = self
        (rest.since, rest.until) = (nil, nil)
        return rest == AuditQuery()
    }

    /// The names of what it asks for, without what they are: for the log.
    package var filterNames: [String] {
        let names: [(String, Bool)] = [
            ("image", image != nil), ("uid", uid != nil), ("owner", owner != nil),
            ("job", job != nil), ("actor", actor != nil), ("client", client != nil),
            ("namespace", namespace != nil), ("token", token != nil), ("ticket", ticket != nil),
            ("pseudonym", pseudonym != nil), ("action", !actions.isEmpty),
            ("outcome", outcome != nil), ("since", since != nil), ("until", until != nil),
        ]
        return names.filter(\.1).map(\.0)
    }
}

/// Which part of the log a bundle shows.
package struct BundleQuery: Hashable, Sendable {
    /// First index, and the one behind the last; nil for the log's end.
    package var from: UInt64 = 0
    package var to: UInt64?
    package var filter = AuditQuery()
    /// Sizes of checkpoints that it has to pass.
    package var known: [UInt64] = []

    package init() {}
}
