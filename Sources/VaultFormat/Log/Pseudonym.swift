/// What stands in the log for a name that a backend asserted: 128 random bits. LogFormat §6.
package struct Pseudonym: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }

    /// What it stands for. The numbers are those of the blind index (ObjectFormat §7).
    package enum Kind: UInt8, Sendable, CaseIterable {
        case actor = 3
        case client = 4
        case agent = 5

        package var name: String {
            switch self {
            case .actor: "actor"
            case .client: "client"
            case .agent: "agent"
            }
        }
    }
}

extension BlindIndex {
    /// What finds the events of a pseudonym: it is random, and tells no more than an index would.
    package init(_ pseudonym: Pseudonym) { self.init(checked: pseudonym.bytes) }
    /// What finds the events of a token or a ticket, whose ids are random likewise.
    package init(_ token: AccessTokenID) { self.init(checked: token.bytes) }
    package init(_ ticket: TicketID) { self.init(checked: ticket.bytes) }
}

/// The pseudonyms of one request's asserted context.
package struct Pseudonyms: Hashable, Sendable {
    package var actor: Pseudonym?
    package var client: Pseudonym?
    package var agent: Pseudonym?

    package init(actor: Pseudonym? = nil, client: Pseudonym? = nil, agent: Pseudonym? = nil) {
        self.actor = actor
        self.client = client
        self.agent = agent
    }
}
