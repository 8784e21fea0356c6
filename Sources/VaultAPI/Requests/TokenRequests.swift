// The bodies of access tokens and fetch tickets.

package import VaultFormat

/// The body of `POST /v1/tokens`.
package struct TokenRequest: RequestObject, Encodable, Hashable, Sendable {
    package var principal: PrincipalName
    package var scopes: TokenScopes
    package var days: Int
    package var note: AdminNote

    package static let members: Set<String> = ["principal", "scopes", "days", "note"]
    package static let shape =
        "a JSON object with principal (a name of the policy), and any of scopes (a list of verbs), days (1 to 366) "
        + "and note (up to 200 printable ASCII characters)"

    private enum CodingKeys: String, CodingKey {
        case principal, scopes, days, note
    }

    package init(
        principal: PrincipalName, scopes: TokenScopes = .all,
        days: Int = Limits.tokenDaysUnlessSaid, note: AdminNote = .none
    ) {
        self.principal = principal
        self.scopes = scopes
        self.days = days
        self.note = note
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        principal = try PrincipalName(members.decode(String.self, forKey: .principal))
        let words = try members.decode([String].self, ifThere: .scopes)
        scopes = try words.map { try TokenScopes(words: $0) } ?? .all
        days = try members.days(.days)
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(principal.description, forKey: .principal)
        if scopes != .all { try members.encode(scopes.verbs.map(\.rawValue), forKey: .scopes) }
        try members.encode(days, forKey: .days)
        try members.encode(note.text, forKey: .note)
    }
}

extension TokenScopes {
    /// - Throws: ``FormatError`` for a word that is no verb, for one that is there twice, and for none at all.
    init(words: [String]) throws(FormatError) {
        var verbs: [VerbName] = []
        for word in words {
            guard let verb = VerbName(rawValue: word), !verbs.contains(verb) else {
                throw .unknownValue(field: "scopes")
            }
            verbs.append(verb)
        }
        guard !verbs.isEmpty else { throw .outOfRange(field: "scopes") }
        self.init(verbs)
    }
}

extension KeyedDecodingContainer {
    fileprivate func days(_ key: Key) throws -> Int {
        let days = try decode(Int.self, ifThere: key) ?? Limits.tokenDaysUnlessSaid
        guard Limits.tokenDays.contains(days) else { throw FormatError.outOfRange(field: "days") }
        return days
    }
}

/// The body of `POST /v1/tokens/{id}/rotate`.
package struct TokenRotationRequest: RequestObject, Encodable, Hashable, Sendable {
    package var days: Int
    /// For which the secret before goes on.
    package var overlapSeconds: Int

    package static let members: Set<String> = ["days", "overlap_seconds"]
    package static let shape =
        "a JSON object with any of days (1 to 366) and overlap_seconds (0 to 2592000)"

    private enum CodingKeys: String, CodingKey {
        case days
        case overlap = "overlap_seconds"
    }

    package init(
        days: Int = Limits.tokenDaysUnlessSaid,
        overlapSeconds: Int = Limits.tokenOverlapSecondsUnlessSaid
    ) {
        self.days = days
        self.overlapSeconds = overlapSeconds
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        days = try members.days(.days)
        overlapSeconds =
            try members.decode(Int.self, ifThere: .overlap) ?? Limits.tokenOverlapSecondsUnlessSaid
        guard Limits.tokenOverlapSeconds.contains(overlapSeconds) else {
            throw FormatError.outOfRange(field: "overlap_seconds")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(days, forKey: .days)
        try members.encode(overlapSeconds, forKey: .overlap)
    }
}

/// The body of `POST /v1/images/{id}/tickets`.
package struct TicketRequest: RequestObject, Encodable, Hashable, Sendable {
    package var reads: Int
    package var seconds: Int

    package static let members: Set<String> = ["reads", "seconds"]
    package static let shape = "a JSON object with any of reads (1 to 1000) and seconds (1 to 3600)"

    private enum CodingKeys: String, CodingKey {
        case reads, seconds
    }

    package init(reads: Int = 1, seconds: Int = Limits.ticketSecondsUnlessSaid) {
        self.reads = reads
        self.seconds = seconds
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        reads = try members.decode(Int.self, ifThere: .reads) ?? 1
        seconds = try members.decode(Int.self, ifThere: .seconds) ?? Limits.ticketSecondsUnlessSaid
        guard Limits.ticketReads.contains(reads) else {
            throw FormatError.outOfRange(field: "reads")
        }
        guard Limits.ticketSeconds.contains(seconds) else {
            throw FormatError.outOfRange(field: "seconds")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(reads, forKey: .reads)
        try members.encode(seconds, forKey: .seconds)
    }
}
