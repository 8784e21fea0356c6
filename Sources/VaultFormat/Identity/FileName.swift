/// The name a caller gave an upload: text to remember and to give back, never a path.
///
/// Kept as sent when it is sound UTF-8 of 1 to 255 bytes without control characters and without
/// characters that change the direction of text. Whatever stands before the last `/` is dropped, as
/// RFC 6266 §4.3 asks; a `\`, one system's letter and another's separator, is refused.
package struct FileName: Hashable, Sendable {
    package let text: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ sent: String) throws(FormatError) {
        let slash = sent.utf8.lastIndex(of: UInt8(ascii: "/"))
        let last = slash.map { String(sent[sent.utf8.index(after: $0)...]) } ?? sent
        guard (1...Limits.fileNameBytes).contains(last.utf8.count), last != ".",
            last != "..", sent.unicodeScalars.allSatisfy(Self.isPlain)
        else { throw .invalidText(field: "name") }
        text = last
    }

    /// No control characters (Unicode Cc), no direction overrides or isolates, no line separators.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x5C, 0x7F...0x9F, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069,
            0xFEFF, 0xFFFE, 0xFFFF:
            false
        default: true
        }
    }

    /// For display and for file systems: `[A-Za-z0-9._-]`, at most 100 bytes, no leading dot or
    /// dash, and the extension of the type that the bytes really have.
    package func safeName(fileExtension: String) -> String {
        let stem = text.utf8.lastIndex(of: 0x2E).map { text.utf8[..<$0] } ?? text.utf8[...]
        let room = Limits.safeNameBytes - fileExtension.utf8.count - 1
        var kept: [UInt8] = []
        for byte in stem.drop(while: { !Self.isAlphanumeric($0) }) where kept.count < room {
            if Self.isAlphanumeric(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D {
                kept.append(byte)
            } else if kept.last != 0x5F {
                kept.append(0x5F)
            }
        }
        if kept.isEmpty { kept = Array("image".utf8) }
        return String(decoding: kept, as: UTF8.self) + "." + fileExtension
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
