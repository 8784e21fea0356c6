// The slots of the keyring: what each verb on them answers.

package import VaultFormat

/// `GET /v1/slots`, and what is true after a slot was added, removed or proved or a root was rotated.
package struct SlotsAnswer: Codable, Hashable, Sendable {
    /// Which file the slots open: `keyring` or `log-key`.
    package var key: String
    /// Of that file; rises with each change to it.
    package var generation: UInt64
    /// The slot that the request made; nil where it made none.
    @Nullable package var added: SlotID?
    /// What was given of the shares that a proof needs; nil where that is not waited for.
    @Nullable package var shares: ShareProgress?
    package var slots: [StatusAnswer.Slot]

    package init(
        _ kind: KeyFile.Kind, generation: UInt64, added: SlotID? = nil,
        shares: ShareProgress? = nil, slots: [StatusAnswer.Slot]
    ) {
        key = kind.name
        self.generation = generation
        self.added = added
        self.shares = shares
        self.slots = slots
    }
}

/// How many of the shares that a slot needs were given.
package struct ShareProgress: Codable, Hashable, Sendable {
    package var given: Int
    package var needed: Int

    package init(given: Int, needed: Int) {
        self.given = given
        self.needed = needed
    }
}

/// `POST /v1/slots/{id}/challenge`: what the holder of a recovery key is to answer.
package struct ChallengeAnswer: Codable, Hashable, Sendable {
    /// A ``RecoveryChallenge`` as text.
    package var challenge: String
    /// What the holder sees too before they answer.
    package var words: String
    /// Until then an answer is taken.
    package var expires: UTCTime

    package init(challenge: String, words: String, expiresMicroseconds: Int64) {
        self.challenge = challenge
        self.words = words
        expires = UTCTime(microseconds: expiresMicroseconds)
    }
}

/// `POST /v1/keys/rotate-log-key`: who signs from now on.
package struct LogKeyAnswer: Codable, Hashable, Sendable {
    /// Counts the log's keys; the first is 1.
    package var number: UInt32
    /// For `audit.pub`.
    package var verifierKey: String
    package var fingerprint: String

    package init(number: UInt32, verifierKey: String, fingerprint: String) {
        self.number = number
        self.verifierKey = verifierKey
        self.fingerprint = fingerprint
    }

    private enum CodingKeys: String, CodingKey {
        case number, fingerprint
        case verifierKey = "verifier_key"
    }
}

/// `?key=`: which file's slots are meant; the keyring's where it is not given.
package struct KeyFileQuery: Hashable, Sendable {
    package var kind: KeyFile.Kind

    package init(_ kind: KeyFile.Kind) { self.kind = kind }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        try self.init(QueryString(query, allowed: ["key"]))
    }

    fileprivate init(_ query: QueryString) throws(RequestError) {
        let names = KeyFile.Kind.allCases.map(\.name).joined(separator: " or ")
        kind =
            try onlyValue(
                of: query.fields("key"), orThrow: .invalidParameter("key", expected: names)
            ) { text throws(FormatError) in
                guard let kind = KeyFile.Kind.allCases.first(where: { $0.name == text }) else {
                    throw .unknownValue(field: "key")
                }
                return kind
            } ?? .keyring
    }

    package var query: String { QueryString.encode(pairs) }

    fileprivate var pairs: [(String, String?)] { [("key", kind == .keyring ? nil : kind.name)] }
}

/// `POST /v1/unseal?key=&slot=`.
package struct UnsealQuery: Hashable, Sendable {
    package var kind: KeyFile.Kind
    /// The only slot that is tried, which a token's has to be; nil for all that are of the secret's kind.
    package var slot: SlotID?

    package init(_ kind: KeyFile.Kind = .keyring, slot: SlotID? = nil) {
        self.kind = kind
        self.slot = slot
    }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["key", "slot"])
        kind = try KeyFileQuery(query).kind
        slot = try onlyValue(
            of: query.fields("slot"),
            orThrow: .invalidParameter("slot", expected: "32 hexadecimal digits")
        ) { text throws(FormatError) in try SlotID(hex: text) }
    }

    package var query: String {
        QueryString.encode(KeyFileQuery(kind).pairs + [("slot", slot?.hex)])
    }
}

/// `POST /v1/slots?label=`.
package struct NewSlotQuery: Hashable, Sendable {
    package var label: SlotLabel
    package var kind: KeyFile.Kind
    /// The kind of token that is to keep the slot's secret; nil for none.
    package var token: KeySlot.Kind?

    package init(
        label: SlotLabel, to kind: KeyFile.Kind = .keyring, on token: KeySlot.Kind? = nil
    ) {
        self.label = label
        self.kind = kind
        self.token = token
    }

    /// - Throws: ``RequestError``.
    package init(query: (some StringProtocol)?) throws(RequestError) {
        let query = try QueryString(query, allowed: ["label", "key", "token"])
        let form = "1 to 64 of A-Z a-z 0-9 _ . -"
        let label = try onlyValue(
            of: query.fields("label"), orThrow: .invalidParameter("label", expected: form),
            SlotLabel.init)
        guard let label else { throw .invalidParameter("label", expected: form) }
        self.label = label
        kind = try KeyFileQuery(query).kind
        token = try onlyValue(
            of: query.fields("token"),
            orThrow: .invalidParameter("token", expected: "pkcs11 or tpm2")
        ) { text throws(FormatError) in
            guard
                let kind = KeySlot.Kind.allCases.first(where: { $0.isToken && $0.name == text })
            else { throw .unknownValue(field: "token") }
            return kind
        }
    }

    package var query: String {
        QueryString.encode(
            [("label", label.text)] + KeyFileQuery(kind).pairs + [("token", token?.name)])
    }
}
