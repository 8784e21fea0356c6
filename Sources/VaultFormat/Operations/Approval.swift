/// What a request for approval asks for. The numbers are the catalog's: they never change their meaning.
package enum ApprovalKind: UInt8, Sendable, CaseIterable {
    /// A quarantined image may be read again.
    case releaseImage = 1
    /// A quarantined image is erased with all claims on it.
    case eraseImage = 2
    /// The key of an epoch that nothing needs is destroyed.
    case destroyEpoch = 3
    /// Who asked may send a guarded request, once.
    case request = 4

    package var name: String {
        switch self {
        case .releaseImage: "release"
        case .eraseImage: "erase"
        case .destroyEpoch: "destroy-epoch"
        case .request: "request"
        }
    }

    package init?(name: String) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }

    /// Whether it is about an image in quarantine.
    package var isOfImage: Bool { self == .releaseImage || self == .eraseImage }
}

/// What a second person has to approve where the settings say so.
package enum TwoPersonRule: String, Sendable, CaseIterable {
    case quarantine
    case destroyEpoch = "destroy-epoch"
    /// Another way to the keys, or one less.
    case slots
    /// The end of a hold.
    case holds
    /// What lets somebody read who could not.
    case tokens
    /// The erasure of what the log says of somebody.
    case redaction
    /// Another policy.
    case policy
    /// A copy of the keyring.
    case escrows

    /// The rule of a verb whose request is approved, and then sent; nil for any other.
    package init?(_ verb: VerbName) {
        switch verb {
        case .addSlots, .removeSlots: self = .slots
        case .releaseHolds: self = .holds
        case .createTokens, .rotateTokens: self = .tokens
        case .redactLog: self = .redaction
        case .reloadPolicy: self = .policy
        case .exportEscrows: self = .escrows
        default: return nil
        }
    }
}

/// What somebody wants to do and a second person approves, word by word.
package struct GuardedRequest: Hashable, Sendable {
    package let verb: VerbName
    /// The rule that is meant.
    package let rule: TwoPersonRule
    /// What distinguishes it from every other request of the verb: printable ASCII.
    package let words: String

    /// - Throws: ``FormatError`` for a verb without a rule, and for words that are none, or more than
    ///   ``Limits/guardedWordsBytes``.
    package init(_ verb: VerbName, _ words: String) throws(FormatError) {
        guard let rule = TwoPersonRule(verb) else { throw .unknownValue(field: "verb") }
        guard (1...Limits.guardedWordsBytes).contains(words.utf8.count),
            words.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidText(field: "words") }
        (self.verb, self.rule, self.words) = (verb, rule, words)
    }

    /// Verb, length, words. ObjectFormat §8.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 64 + words.utf8.count)
        writer.appendShort(Array(verb.rawValue.utf8))
        writer.append(UInt16(words.utf8.count))
        writer.append(words.utf8)
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let name = String(decoding: try reader.read(Int(reader.read(UInt8.self))), as: UTF8.self)
        guard let verb = VerbName(rawValue: name) else { throw .unknownValue(field: "verb") }
        let words = try reader.read(Int(reader.read(UInt16.self)))
        try reader.finish()
        try self.init(verb, String(decoding: words, as: UTF8.self))
    }
}

/// Where a request for approval stands. The numbers are the catalog's.
package enum ApprovalState: UInt8, Sendable, CaseIterable {
    case waiting = 1
    /// Carried out, which happens once.
    case performed = 2
    /// Who asked may send the request.
    case approved = 3

    package var name: String {
        switch self {
        case .waiting: "waiting"
        case .performed: "performed"
        case .approved: "approved"
        }
    }
}
