// TextForm: the texts that make a browser, server or logger run something. A long form is at least
// six fixed bytes, which compressed data does not hold by chance, and counts anywhere in the file.
// A short form counts only inside readable text beside the picture data. `<?xpacket`, `<?xml` and
// a DOCTYPE alone are normal and are not forms.
import VaultFormat

struct TextForm {
    /// What the byte after the text must be.
    enum Next {
        case anything
        case space
        case letter
        /// A space, "/" or ">": the name of an element ends here.
        case nameEnd
    }

    /// Lower-case ASCII; upper-case letters match too.
    let text: [UInt8]
    let next: Next
    let code: FindingCode

    init(_ text: String, next: Next = .anything, _ code: FindingCode) {
        self.text = Array(text.utf8)
        self.next = next
        self.code = code
    }

    /// `FastScan` stops at the first two bytes of each of these; a new pair belongs there too.
    static let long: [TextForm] = [
        TextForm("<script", .hiddenScript),
        TextForm("</script", .hiddenScript),
        TextForm("<?php", next: .space, .hiddenServerCode),
        TextForm("<iframe", .hiddenMarkup),
        TextForm("<object", next: .nameEnd, .hiddenMarkup),
        TextForm("<embed", next: .nameEnd, .hiddenMarkup),
        TextForm("<html", next: .nameEnd, .hiddenMarkup),
        TextForm("<body", next: .nameEnd, .hiddenMarkup),
        TextForm("<!doctype html", .hiddenMarkup),
        TextForm("<!--#exec", .hiddenServerCode),
        TextForm("<!--#include", .hiddenServerCode),
        TextForm("<jsp:", next: .letter, .hiddenServerCode),
        TextForm("javascript:", .hiddenScript),
        TextForm("vbscript:", .hiddenScript),
        TextForm("onerror=", .hiddenScript),
        TextForm("onload=", .hiddenScript),
        TextForm("onclick=", .hiddenScript),
        TextForm("onfocus=", .hiddenScript),
        TextForm("onmouseover=", .hiddenScript),
        TextForm("__halt_compiler", .hiddenServerCode),
    ]

    static let longPrefixes = PrefixSet(long.map(\.text))
    static let shortPrefixes = PrefixSet(short.map(\.text))

    static let short: [TextForm] = [
        TextForm("<%", .hiddenServerCode),
        TextForm("<?=", .hiddenServerCode),
        TextForm("<?", next: .space, .hiddenServerCode),
        TextForm("<?php", .hiddenServerCode),
        TextForm("<svg", next: .nameEnd, .hiddenMarkup),
        TextForm("<!entity", .hiddenMarkup),
        TextForm("${jndi:", .hiddenLookup),
    ]

    /// Whether the form stands at `offset`, wholly before `end`. The stride is 1 for bytes and 2 for
    /// UTF-16 of either order, where a zero byte must stand between two characters.
    func matches(_ bytes: RawSpan, at offset: Int, before end: Int, stride: Int = 1) -> Bool {
        guard offset + stride * (text.count - 1) < end else { return false }
        var place = offset
        for index in text.indices {
            guard let byte = bytes.u8(place), Self.folded(byte) == text[index] else { return false }
            if stride == 2, index + 1 < text.count, bytes.u8(place + 1) != 0 { return false }
            place += stride
        }
        guard next != .anything else { return true }
        guard place < end, let byte = bytes.u8(place) else { return false }
        return allows(byte)
    }

    private func allows(_ byte: UInt8) -> Bool {
        switch next {
        case .anything: true
        case .space: Self.isSpace(byte)
        case .letter: (0x61...0x7A).contains(Self.folded(byte))
        case .nameEnd: Self.isSpace(byte) || byte == 0x2F || byte == 0x3E
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// Whether a byte can belong to readable text: printable ASCII, tab, line feed, return.
    static func isPrintable(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
