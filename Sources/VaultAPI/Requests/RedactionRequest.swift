package import VaultFormat

/// The body of `POST /v1/redactions`.
package struct RedactionRequest: RequestObject, Encodable, Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        /// Bodies of these events.
        case events(Range<UInt64>)
        /// The name behind it.
        case name(Pseudonym)
    }

    package let subject: Subject
    package let reason: AdminNote

    package static let members: Set<String> = ["from", "to", "pseudonym", "reason"]
    package static let shape =
        "a JSON object with reason (1 to 200 printable ASCII characters) and either from and to (indexes, at "
        + "most \(Limits.erasedEventsOfRequest) of them) or pseudonym (32 hexadecimal digits)"

    private enum CodingKeys: String, CodingKey { case from, to, pseudonym, reason }

    package init(_ subject: Subject, reason: AdminNote) {
        self.subject = subject
        self.reason = reason
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        reason = try AdminNote(members.decode(String.self, forKey: .reason))
        guard !reason.text.isEmpty else { throw FormatError.invalidText(field: "reason") }
        if let text = try members.decode(String.self, ifThere: .pseudonym) {
            guard !members.contains(.from), !members.contains(.to) else {
                throw FormatError.invalidText(field: "pseudonym")
            }
            subject = .name(try Pseudonym(hex: text))
            return
        }
        let from = try members.decode(UInt64.self, forKey: .from)
        let to = try members.decode(UInt64.self, forKey: .to)
        guard from < to, to - from <= Limits.erasedEventsOfRequest else {
            throw FormatError.outOfRange(field: "to")
        }
        subject = .events(from..<to)
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch subject {
        case .events(let indexes):
            try members.encode(indexes.lowerBound, forKey: .from)
            try members.encode(indexes.upperBound, forKey: .to)
        case .name(let pseudonym): try members.encode(pseudonym.hex, forKey: .pseudonym)
        }
        try members.encode(reason.text, forKey: .reason)
    }
}

/// What a redaction took.
package struct RedactionAnswer: Codable, Hashable, Sendable {
    /// Events that had a body still, or 1 for a name.
    package let erased: Int

    package init(erased: Int) { self.erased = erased }
}
