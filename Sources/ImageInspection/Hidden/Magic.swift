// Magic: the first bytes of archives, programs and documents. Each has at least six fixed bytes or
// is confirmed by a field that it points to, so that none occurs by chance.
import VaultFormat

struct Magic {
    let bytes: [UInt8]
    let code: FindingCode
    /// A further condition, for those with few fixed bytes.
    private let confirms: (@Sendable (RawSpan, Int) -> Bool)?

    private init(
        _ bytes: [UInt8], _ code: FindingCode,
        confirms: (@Sendable (RawSpan, Int) -> Bool)? = nil
    ) {
        self.bytes = bytes
        self.code = code
        self.confirms = confirms
    }

    private init(_ text: String, _ code: FindingCode) {
        self.init(Array(text.utf8), code)
    }

    static let all: [Magic] = [
        Magic("Rar!\u{1A}\u{7}", .hiddenArchive),
        Magic([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], .hiddenArchive),
        Magic("MSCF\u{0}\u{0}\u{0}\u{0}", .hiddenArchive),
        Magic([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .hiddenArchive),
        Magic("!<arch>\n", .hiddenArchive),
        Magic("BZh", .hiddenArchive, confirms: isBzip2),
        Magic([0x7F, 0x45, 0x4C, 0x46], .hiddenProgram, confirms: isELF),
        Magic("MZ", .hiddenProgram, confirms: isPortableExecutable),
        Magic([0xCA, 0xFE, 0xBA, 0xBE, 0x00, 0x00], .hiddenProgram),
        Magic([0xCF, 0xFA, 0xED, 0xFE, 0x07, 0x00, 0x00, 0x01], .hiddenProgram),
        Magic([0xCF, 0xFA, 0xED, 0xFE, 0x0C, 0x00, 0x00, 0x01], .hiddenProgram),
        Magic("dex\n03", .hiddenProgram),
        Magic("asm\u{1}\u{0}\u{0}\u{0}", .hiddenProgram),
        Magic("#!/bin/", .hiddenProgram),
        Magic("#!/usr/", .hiddenProgram),
        Magic("%PDF-1.", .hiddenDocument),
        Magic("%PDF-2.", .hiddenDocument),
        Magic([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], .hiddenDocument),
        Magic("{\\rtf1", .hiddenDocument),
        Magic("SQLite format 3\u{0}", .hiddenDocument),
    ]

    static let prefixes = PrefixSet(all.map(\.bytes))

    private init(
        _ text: String, _ code: FindingCode, confirms: @escaping @Sendable (RawSpan, Int) -> Bool
    ) {
        self.init(Array(text.utf8), code, confirms: confirms)
    }

    func stands(_ span: RawSpan, at offset: Int) -> Bool {
        for index in bytes.indices where span.u8(offset + index) != bytes[index] { return false }
        return confirms?(span, offset) ?? true
    }

    /// A digit for the block size, then the block's own magic.
    private static func isBzip2(_ span: RawSpan, _ offset: Int) -> Bool {
        guard let size = span.u8(offset + 3), (0x31...0x39).contains(size) else { return false }
        return span.u32(offset + 4) == 0x3141_5926
    }

    /// Class and byte order are 1 or 2, the version is 1.
    private static func isELF(_ span: RawSpan, _ offset: Int) -> Bool {
        guard let width = span.u8(offset + 4), let order = span.u8(offset + 5) else { return false }
        return (1...2).contains(width) && (1...2).contains(order) && span.u8(offset + 6) == 1
    }

    /// The DOS header points to the signature of the real one.
    private static func isPortableExecutable(_ span: RawSpan, _ offset: Int) -> Bool {
        guard let distance = span.u32le(offset + 0x3C), distance < 0x10000 else { return false }
        return span.u32(offset + distance) == 0x5045_0000
    }
}
