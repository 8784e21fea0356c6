// Secrets that speak for whoever shows them. Bearers.md is the specification.

/// The text of an access token or of a fetch ticket: a prefix that scanners for lost secrets know, 43 letters that
/// are 256 random bits, and their checksum. Of the right form, which is all that this says.
package struct BearerText: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case token = "ivt_"
        case ticket = "ivf_"
    }

    package let kind: Kind
    /// ASCII, ``count`` of them.
    package let bytes: [UInt8]

    package static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    /// 62⁴³ is a little more than 2²⁵⁶.
    package static let letters = 43
    private static let checkLetters = 6
    private static let prefixBytes = 4
    package static let count = prefixBytes + letters + checkLetters

    /// - Parameter secret: ``letters`` of the ``alphabet``, drawn evenly.
    package init(_ kind: Kind, secret: [UInt8]) {
        let text = Array(kind.rawValue.utf8) + secret
        self.kind = kind
        bytes = text + Self.checksum(text)
    }

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(parsing text: some StringProtocol) throws(FormatError) {
        let bytes = Array(text.utf8)
        let body = bytes.dropLast(Self.checkLetters)
        guard bytes.count == Self.count,
            let kind = Kind.allCases.first(where: { bytes.starts(with: $0.rawValue.utf8) }),
            body.dropFirst(Self.prefixBytes).allSatisfy(Self.alphabet.contains),
            Self.checksum(Array(body)) == Array(bytes.suffix(Self.checkLetters))
        else { throw .invalidText(field: "bearer") }
        self.kind = kind
        self.bytes = bytes
    }

    /// CRC-32 (ISO 3309) of everything before it, as six digits of base 62: a scanner tells a token from what only
    /// looks like one without asking anybody.
    private static func checksum(_ text: [UInt8]) -> [UInt8] {
        var rest = CheckedText.checksum(count: text.count) { text[$0] }
        var digits: [UInt8] = []
        for _ in 0..<checkLetters {
            digits.append(alphabet[Int(rest % 62)])
            rest /= 62
        }
        return digits.reversed()
    }
}

/// What a bearer shows is for nobody else's eyes.
extension BearerText: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "\(kind.rawValue)…" }
    package var debugDescription: String { description }
}

/// What a token is good for: its principal's verbs, or some of them.
package struct TokenScopes: Hashable, Sendable, CustomStringConvertible {
    /// Sorted, each once; empty for all that the principal may.
    package let verbs: [VerbName]

    package static let all = TokenScopes([])

    package init(_ verbs: some Sequence<VerbName>) { self.verbs = Set(verbs).sorted() }

    /// - Throws: ``FormatError`` for anything but the one spelling: names in order with a space between them.
    package init(_ text: String) throws(FormatError) {
        var verbs: [VerbName] = []
        for word in text.split(separator: " ") {
            guard let verb = VerbName(rawValue: String(word)) else {
                throw .unknownValue(field: "scopes")
            }
            verbs.append(verb)
        }
        self.init(verbs)
        guard description == text else { throw .notCanonical(field: "scopes") }
    }

    package var description: String { verbs.map(\.rawValue).joined(separator: " ") }

    package func allows(_ verb: VerbName) -> Bool { verbs.isEmpty || verbs.contains(verb) }
}
