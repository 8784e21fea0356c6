// HiddenMetadata: what counts only beside the picture data, in comments, application data, text,
// tables and trailers: short text forms inside readable text, every text form in UTF-16, and the
// first bytes of archives and programs. One pass; each byte costs one table look-up, each candidate
// a bounded number of comparisons.
import VaultFormat

enum HiddenMetadata {
    /// Whether a byte can begin a form or a magic.
    private static let isCandidate: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for form in TextForm.long + TextForm.short {
            for byte in 0..<256 where UInt8(byte) | 0x20 == form.text[0] | 0x20 {
                table[byte] = true
            }
        }
        for magic in Magic.all { table[Int(magic.bytes[0])] = true }
        return table
    }()

    static func search(_ bytes: RawSpan, _ range: Range<Int>) throws(Refused) {
        let candidates = isCandidate.span
        for offset in range {
            guard let byte = bytes.u8(offset) else { return }
            if candidates[Int(byte)] { try check(bytes, at: offset, in: range) }
        }
    }

    private static func check(
        _ bytes: RawSpan, at offset: Int, in range: Range<Int>
    ) throws(Refused) {
        let isWide = bytes.u8(offset + 1) == 0
        for form in TextForm.short {
            if form.matches(bytes, at: offset, before: range.upperBound),
                isReadable(bytes, at: offset, in: range, stride: 1)
            {
                throw Refused(form.code, at: offset)
            }
            if isWide, form.matches(bytes, at: offset, before: range.upperBound, stride: 2),
                isReadable(bytes, at: offset, in: range, stride: 2)
            {
                throw Refused(form.code, at: offset)
            }
        }
        if isWide {
            for form in TextForm.long
            where form.matches(bytes, at: offset, before: range.upperBound, stride: 2) {
                throw Refused(form.code, at: offset)
            }
        }
        for magic in Magic.all where magic.stands(bytes, at: offset) {
            throw Refused(magic.code, at: offset)
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
