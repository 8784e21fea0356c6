// HiddenMetadata: what counts only beside the picture data, in comments, application data, text,
// tables and trailers: short text forms inside readable text, every text form in UTF-16, and the
// first bytes of archives and programs. One pass; each byte costs one table look-up, each candidate
// a bounded number of comparisons.
import VaultFormat

enum HiddenMetadata {
    /// Which search a byte can begin: bit 0 short forms, bit 1 wide long forms, bit 2 magics.
    private static let roles: [UInt8] = {
        var table = [UInt8](repeating: 0, count: 256)
        for byte in 0..<256 {
            let folded = UInt8(byte) | 0x20
            if TextForm.short.contains(where: { $0.text[0] | 0x20 == folded }) { table[byte] |= 1 }
            if TextForm.long.contains(where: { $0.text[0] | 0x20 == folded }) { table[byte] |= 2 }
            if Magic.all.contains(where: { $0.bytes[0] == UInt8(byte) }) { table[byte] |= 4 }
        }
        return table
    }()

    static func search(_ bytes: RawSpan, _ range: Range<Int>) throws(Refused) {
        try search(bytes, range, for: 0b111)
    }

    /// Searches for archives and programs alone: in compressed data of megabytes, a film say, a short
    /// form inside readable text occurs by chance.
    static func searchMagics(_ bytes: RawSpan, _ range: Range<Int>) throws(Refused) {
        try search(bytes, range, for: 0b100)
    }

    private static func search(
        _ bytes: RawSpan, _ range: Range<Int>, for wanted: UInt8
    ) throws(Refused) {
        let roles = roles.span
        for offset in range {
            guard let byte = bytes.u8(offset) else { return }
            let role = roles[Int(byte)] & wanted
            guard role != 0 else { continue }
            let isWide = bytes.u8(offset + 1) == 0
            if role & 1 != 0 { try checkShort(bytes, at: offset, in: range, isWide: isWide) }
            if role & 2 != 0, isWide { try checkWideLong(bytes, at: offset, in: range) }
            if role & 4 != 0 { try checkMagic(bytes, at: offset) }
        }
    }

    private static func checkShort(
        _ bytes: RawSpan, at offset: Int, in range: Range<Int>, isWide: Bool
    ) throws(Refused) {
        let stride = isWide ? 2 : 1
        let word = PrefixSet.word(bytes, at: offset, stride: stride)
        var index = TextForm.shortPrefixes.next(from: 0, word)
        while let found = index {
            let form = TextForm.short[found]
            if form.matches(bytes, at: offset, before: range.upperBound, stride: stride),
                isReadable(bytes, at: offset, in: range, stride: stride)
            {
                throw Refused(form.code, at: offset)
            }
            index = TextForm.shortPrefixes.next(from: found + 1, word)
        }
    }

    private static func checkWideLong(
        _ bytes: RawSpan, at offset: Int, in range: Range<Int>
    ) throws(Refused) {
        let word = PrefixSet.word(bytes, at: offset, stride: 2)
        var index = TextForm.longPrefixes.next(from: 0, word)
        while let found = index {
            let form = TextForm.long[found]
            if form.matches(bytes, at: offset, before: range.upperBound, stride: 2) {
                throw Refused(form.code, at: offset)
            }
            index = TextForm.longPrefixes.next(from: found + 1, word)
        }
    }

    private static func checkMagic(_ bytes: RawSpan, at offset: Int) throws(Refused) {
        let word = PrefixSet.word(bytes, at: offset, stride: 1)
        var index = Magic.prefixes.next(from: 0, word)
        while let found = index {
            let magic = Magic.all[found]
            if magic.stands(bytes, at: offset) { throw Refused(magic.code, at: offset) }
            index = Magic.prefixes.next(from: found + 1, word)
        }
    }

    /// Whether the run of printable characters around `offset` has `Limits.printableRunBytes`.
    private static func isReadable(
        _ bytes: RawSpan, at offset: Int, in range: Range<Int>, stride: Int
    ) -> Bool {
        var run = 0
        var place = offset
        while place < range.upperBound, run < Limits.printableRunBytes,
            isPrintable(bytes, at: place, stride: stride)
        {
            run += 1
            place += stride
        }
        place = offset - stride
        while place >= range.lowerBound, run < Limits.printableRunBytes,
            isPrintable(bytes, at: place, stride: stride)
        {
            run += 1
            place -= stride
        }
        return run >= Limits.printableRunBytes
    }

    private static func isPrintable(_ bytes: RawSpan, at offset: Int, stride: Int) -> Bool {
        guard let byte = bytes.u8(offset), TextForm.isPrintable(byte) else { return false }
        return stride == 1 || bytes.u8(offset + 1) == 0 || bytes.u8(offset - 1) == 0
    }
}
