// The grammar of RFC 6266 §4.1 and RFC 8187 §3.2.1, one token at a time.

/// Reads a `Content-Disposition` value from left to right.
struct DispositionReader {
    private var rest: ArraySlice<UInt8>

    init(_ field: String) {
        rest = Array(field.utf8)[...]
    }

    /// The disposition type, in lower case.
    mutating func type() throws(NameFault) -> String {
        // A field that holds CR, LF or NUL was folded or smuggled (RFC 9112 §5.2).
        guard rest.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .controlCharacter
        }
        skipSpace()
        return try token()
    }

    /// The next parameter's name in lower case, read up to the first byte of its value; nil at the
    /// end of the field.
    mutating func parameterName() throws(NameFault) -> String? {
        skipSpace()
        guard !rest.isEmpty else { return nil }
        try expect(";")
        skipSpace()
        let name = try token()
        skipSpace()
        try expect("=")
        skipSpace()
        return name
    }

    /// `token / quoted-string`.
    mutating func value() throws(NameFault) -> String {
        if rest.first == UInt8(ascii: "\"") { return try quotedString() }
        let bytes = take(while: Self.isTokenByte)
        guard !bytes.isEmpty else { throw .syntax }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `ext-value`: charset, language and percent-encoded bytes, joined by apostrophes.
    mutating func extendedValue() throws(NameFault) -> String {
        let apostrophe = UInt8(ascii: "'")
        let charset = take { $0 != apostrophe && Self.isTokenByte($0) }
        guard Self.lowercase(charset) == "utf-8", rest.popFirst() == apostrophe else {
            throw .charset
        }
        _ = take { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        guard rest.popFirst() == apostrophe else { throw .charset }
        let encoded = take { $0 == UInt8(ascii: "%") || Self.isAttributeByte($0) }
        guard rest.first.map({ $0 == 0x3B || $0 == 0x20 || $0 == 0x09 }) ?? true,
            let bytes = PercentEncoding.decode(encoded)
        else { throw .percentEncoding }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private mutating func quotedString() throws(NameFault) -> String {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
                return text
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { throw .syntax }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        throw .syntax
    }

    private mutating func token() throws(NameFault) -> String {
        let bytes = take(while: Self.isTokenByte)
        guard !bytes.isEmpty else { throw .syntax }
        return Self.lowercase(bytes)
    }

    private mutating func expect(_ mark: Unicode.Scalar) throws(NameFault) {
        guard rest.popFirst() == UInt8(ascii: mark) else { throw .syntax }
    }

    private mutating func skipSpace() {
        _ = take { $0 == 0x20 || $0 == 0x09 }
    }

    private mutating func take(while belongs: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = rest.prefix(while: belongs)
        rest = rest[taken.endIndex...]
        return taken
    }
}

extension DispositionReader {
    private static func lowercase(_ bytes: ArraySlice<UInt8>) -> String {
        String(
            decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// `tchar` (RFC 9110 §5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// `attr-char` (RFC 8187 §3.2.1): a token without `*`, `'` and `%`.
    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$&+-.^_`|~".utf8.contains(byte)
    }
}
