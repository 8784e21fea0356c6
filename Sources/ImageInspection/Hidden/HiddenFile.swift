// HiddenFile: what counts anywhere in the file: long text forms, a ZIP directory, a PDF head in the
// first kilobyte. FastScan skips nearly every byte; a candidate costs a bounded number of
// comparisons, so the search is linear.
import VaultFormat

enum HiddenFile {
    /// Readers accept a PDF whose head lies in the first 1024 bytes.
    private static let pdfHeadBytes = 1_024

    /// - Parameter places: of these bytes, as far as they were read; the search goes on from there.
    static func search(
        _ bytes: RawSpan, _ places: HiddenPlaces = HiddenPlaces()
    ) throws(Refused) {
        let end = bytes.byteCount
        for offset in 0..<min(pdfHeadBytes, end)
        where bytes.has("%PDF-", at: offset, before: end) {
            throw Refused(.hiddenDocument, at: offset)
        }
        for offset in places.offsets { try check(bytes, at: Int(offset)) }
        var block = bytes.nextPairs(from: places.next)
        while block.offset < end {
            try check(bytes, block)
            block = bytes.nextPairs(from: block.offset + PairBlock.byteCount)
        }
    }

    private static func check(_ bytes: RawSpan, _ block: PairBlock) throws(Refused) {
        try block.forEachMark { (offset) throws(Refused) in try check(bytes, at: offset) }
    }

    /// Bytes that tell whether something may begin with them.
    static let beginningBytes = 4

    /// Whether it may find anything there: nothing that it would find is missed.
    ///
    /// - Parameter offset: of ``beginningBytes`` bytes that are there.
    static func mayBegin(_ bytes: RawSpan, at offset: Int) -> Bool {
        let word = PrefixSet.word(bytes, at: offset, stride: 1)
        return TextForm.longPrefixes.next(from: 0, word) != nil
            || ZIPDirectory.mayStand(bytes, at: offset)
    }

    private static func check(_ bytes: RawSpan, at offset: Int) throws(Refused) {
        guard let first = bytes.u8(offset) else { return }
        switch first | 0x20 {
        case 0x3C, 0x6A, 0x76, 0x6F, 0x7F: try checkLong(bytes, at: offset)
        case 0x70:
            if ZIPDirectory.stands(bytes, at: offset) { throw Refused(.hiddenArchive, at: offset) }
        default: break
        }
    }

    private static func checkLong(_ bytes: RawSpan, at offset: Int) throws(Refused) {
        let word = PrefixSet.word(bytes, at: offset, stride: 1)
        var index = TextForm.longPrefixes.next(from: 0, word)
        while let found = index {
            let form = TextForm.long[found]
            if form.matches(bytes, at: offset, before: bytes.byteCount) {
                throw Refused(form.code, at: offset)
            }
            index = TextForm.longPrefixes.next(from: found + 1, word)
        }
    }
}

/// The record that ends a ZIP archive (APPNOTE.TXT 4.3.16). Four bytes of signature occur by
/// chance in photos, so the directory must begin where the record says. Readers differ in which
/// other fields they check, so none of those speaks for chance.
enum ZIPDirectory {
    private static let recordBytes = 22
    private static let fewestDirectoryBytes = 46

    static func mayStand(_ bytes: RawSpan, at offset: Int) -> Bool {
        bytes.has("PK\u{5}\u{6}", at: offset, before: bytes.byteCount)
    }

    static func stands(_ bytes: RawSpan, at offset: Int) -> Bool {
        guard mayStand(bytes, at: offset),
            let entriesHere = bytes.u16le(offset + 8), let entries = bytes.u16le(offset + 10),
            let size = bytes.u32le(offset + 12), let comment = bytes.u16le(offset + 20)
        else { return false }
        // A 64-bit archive keeps its numbers in an earlier record, found through a locator.
        if bytes.has("PK\u{6}\u{7}", at: offset - 20, before: bytes.byteCount) { return true }
        if size >= fewestDirectoryBytes,
            bytes.has("PK\u{1}\u{2}", at: offset - size, before: bytes.byteCount)
        {
            return true
        }
        // An empty archive has no directory: here only its own zeros tell.
        return bytes.u32le(offset + 4) == 0 && entriesHere == 0 && entries == 0 && size == 0
            && offset + recordBytes + comment <= bytes.byteCount
    }
}
