// What any request may say besides what it asks for: how long its sender waits, and on whose behalf it
// asks. `Vault-Timeout-Ms`, `Vault-Actor`, `Vault-Client`, `Vault-Approval`, `traceparent`.

import Glibc
package import VaultFormat

package struct RequestContext: Hashable, Sendable {
    /// How long the sender waits for the answer to begin, in milliseconds; nil where it does not say.
    package let timeoutMilliseconds: Int?
    package let asserted: AssertedContext
    /// That somebody else approved it.
    package let approval: ApprovalID?

    /// The longest timeout that can be asked for, in milliseconds: an hour.
    package static let longestTimeout = 3_600_000

    /// - Parameter values: every value of a header field, by its name.
    /// - Throws: ``RequestError/invalidHeader(_:expected:)``.
    package init(_ values: (String) -> [String]) throws(RequestError) {
        timeoutMilliseconds = try Self.timeout(values(HeaderName.timeout))
        approval = try onlyValue(
            of: values(HeaderName.approval),
            orThrow: .invalidHeader(HeaderName.approval, expected: "32 hexadecimal digits")
        ) { (text) throws(FormatError) in try ApprovalID(hex: text) }
        let client = try ClientField(fields: values(HeaderName.client))
        asserted = AssertedContext(
            actor: try onlyValue(
                of: values(HeaderName.actor),
                orThrow: .invalidHeader(
                    HeaderName.actor, expected: "1 to 128 printable letters without space"),
                ActorName.init),
            client: client.address, agent: client.agent,
            trace: Self.trace(values(HeaderName.traceParent)))
    }

    private static func timeout(_ fields: [String]) throws(RequestError) -> Int? {
        guard let field = fields.first else { return nil }
        guard fields.count == 1, field.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let timeout = Int(field), (1...longestTimeout).contains(timeout)
        else {
            throw .invalidHeader(HeaderName.timeout, expected: "1 to \(longestTimeout)")
        }
        return timeout
    }

    /// The trace of a `traceparent` of version 00. One that does not parse is passed over: the W3C
    /// asks that a broken trace break no request.
    private static func trace(_ fields: [String]) -> TraceID? {
        guard fields.count == 1, let field = fields.first, field.utf8.count == 55 else {
            return nil
        }
        let parts = field.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", let trace = try? TraceID(hex: parts[1]),
            let parent = try? RequestID(hex: parts[2]),
            (try? Hex.decode(parts[3], count: 1)) != nil,
            trace.bytes.contains(where: { $0 != 0 }), parent.bytes.contains(where: { $0 != 0 })
        else { return nil }
        return trace
    }
}

/// `Vault-Client: ip=203.0.113.9; ua="…"`, either part alone too, each once.
private struct ClientField {
    private(set) var address: ClientAddress?
    private(set) var agent: AgentName?

    private static let refusal = RequestError.invalidHeader(
        HeaderName.client, expected: "ip=ADDRESS; ua=\"AGENT\"")

    init(fields: [String]) throws(RequestError) {
        guard let field = fields.first else { return }
        guard fields.count == 1, field.utf8.count <= 2048 else { throw Self.refusal }
        var rest = Substring(field)
        repeat {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            if rest.hasPrefix("ip=") {
                rest = try takeAddress(rest.dropFirst(3))
            } else if rest.hasPrefix("ua=\"") {
                rest = try takeAgent(rest.dropFirst(4))
            } else {
                throw Self.refusal
            }
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard rest.isEmpty || rest.first == ";" else { throw Self.refusal }
        } while rest.popFirst() != nil
    }

    private mutating func takeAddress(_ text: Substring) throws(RequestError) -> Substring {
        let value = text.prefix { $0 != ";" && $0 != " " && $0 != "\t" }
        guard address == nil, let address = try? ClientAddress(anySpelling: String(value)) else {
            throw Self.refusal
        }
        self.address = address
        return text[value.endIndex...]
    }

    /// A quoted string (RFC 9651 §3.3.3): `\"` and `\\` are the only escapes.
    private mutating func takeAgent(_ text: Substring) throws(RequestError) -> Substring {
        var value = ""
        var rest = text
        while let letter = rest.popFirst() {
            switch letter {
            case "\"":
                // Agents have no longest form; what tells them apart stands in front.
                guard agent == nil, let agent = try? AgentName(String(value.prefix(255))) else {
                    throw Self.refusal
                }
                self.agent = agent
                return rest
            case "\\":
                guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
                    throw Self.refusal
                }
                value.append(escaped)
            default: value.append(letter)
            }
        }
        throw Self.refusal
    }
}

extension ClientAddress {
    /// One spelling an address, so that one client has one pseudonym.
    ///
    /// - Throws: ``FormatError/invalidText(field:)`` for what is no address.
    package init(anySpelling text: String) throws(FormatError) {
        guard text.utf8.count <= 45, let canonical = Self.canonical(text) else {
            throw .invalidText(field: "client address")
        }
        try self.init(canonical: canonical)
    }

    private static func canonical(_ text: String) -> String? {
        for family in [AF_INET, AF_INET6] {
            var binary = in6_addr()
            guard unsafe inet_pton(family, text, &binary) == 1 else { continue }
            return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { out in
                unsafe inet_ntop(family, &binary, out.baseAddress, socklen_t(out.count)).map {
                    unsafe String(cString: $0)
                }
            }
        }
        return nil
    }
}
