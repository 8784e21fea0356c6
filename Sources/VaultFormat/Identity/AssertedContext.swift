// What a backend says about its own caller. Asserted, never proved: the kernel knows only the backend.

/// The person or program behind a request, in the backend's words: 1 to 128 of printable ASCII
/// without space, as `user:8421`.
package struct ActorName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard isVisible(text, 1...128) else { throw .invalidText(field: "actor") }
        description = text
    }
}

/// The network address that the backend was called from, in its one spelling (RFC 5952 for IPv6).
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Keeps a spelling that was already made canonical: 2 to 45 of `[0-9a-f:.]`.
    ///
    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(canonical text: String) throws(FormatError) {
        let legal = text.utf8.allSatisfy { digit in
            switch digit {
            case 0x30...0x39, 0x61...0x66, 0x3A, 0x2E: true
            default: false
            }
        }
        guard legal, (2...45).contains(text.utf8.count) else {
            throw .invalidText(field: "client address")
        }
        description = text
    }
}

/// The `User-Agent` that the backend was called with: 1 to 255 of printable ASCII.
package struct AgentName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard (1...255).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidText(field: "agent") }
        description = text
    }
}

/// The trace that a request belongs to (W3C Trace Context): 16 bytes, not all zero.
package struct TraceID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// What a request says about its origin. Each part is optional.
package struct AssertedContext: Hashable, Sendable {
    package var actor: ActorName?
    package var client: ClientAddress?
    package var agent: AgentName?
    package var trace: TraceID?

    package init(
        actor: ActorName? = nil, client: ClientAddress? = nil, agent: AgentName? = nil,
        trace: TraceID? = nil
    ) {
        self.actor = actor
        self.client = client
        self.agent = agent
        self.trace = trace
    }

    /// A request that says nothing of the kind.
    package static let none = AssertedContext()
}
