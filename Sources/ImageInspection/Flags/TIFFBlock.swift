// TIFFBlock: the header and directories of a TIFF structure (TIFF 6.0 §2), which EXIF and the
// multi-picture index use. Offsets count from the block's start; what lies outside gives nil, and
// a directory is read up to `Limits.exifEntries`.
import VaultFormat

struct TIFFBlock {
    struct Entry {
        let tag: Int
        /// The number of the values' type: 3 for 16 bits, 4 for 32.
        let type: Int
        let count: UInt32
        /// The value, or the offset of the values from the block's start.
        let value: UInt32
        /// Where the entry begins, from the start of the upload.
        let place: Int
    }

    let range: Range<Int>
    private let isLittleEndian: Bool
    /// Offset of the first directory from the block's start.
    private(set) var first = 0

    init?(_ bytes: RawSpan, _ range: Range<Int>) {
        self.range = range
        switch bytes.u16(range.lowerBound) {
        case 0x4949: isLittleEndian = true
        case 0x4D4D: isLittleEndian = false
        default: return nil
        }
        guard u16(bytes, range.lowerBound + 2) == 42,
            let first = u32(bytes, range.lowerBound + 4)
        else { return nil }
        self.first = first
    }

    /// The number at `place`, which counts from the start of the upload.
    func u16(_ bytes: RawSpan, _ place: Int) -> Int? {
        guard place >= range.lowerBound, place <= range.upperBound - 2 else { return nil }
        return isLittleEndian ? bytes.u16le(place) : bytes.u16(place)
    }

    /// The number at `place`, which counts from the start of the upload.
    func u32(_ bytes: RawSpan, _ place: Int) -> Int? {
        guard place >= range.lowerBound, place <= range.upperBound - 4 else { return nil }
        return isLittleEndian ? bytes.u32le(place) : bytes.u32(place).map(Int.init)
    }

    /// The entries of the directory at `offset` from the block's start, as many as lie inside, and
    /// the offset of the next directory, 0 for none.
    func entries(_ bytes: RawSpan, at offset: Int) -> (entries: [Entry], next: Int) {
        let start = range.lowerBound + offset
        guard let count = u16(bytes, start), count <= Limits.exifEntries else { return ([], 0) }
        var entries: [Entry] = []
        for index in 0..<count {
            let place = start + 2 + 12 * index
            guard let tag = u16(bytes, place), let type = u16(bytes, place + 2),
                let many = u32(bytes, place + 4),
                let value = u32(bytes, place + 8)
            else { return (entries, 0) }
            entries.append(
                Entry(
                    tag: tag, type: type, count: UInt32(truncatingIfNeeded: many),
                    value: UInt32(truncatingIfNeeded: value), place: place))
        }
        return (entries, u32(bytes, start + 2 + 12 * count) ?? 0)
    }
}
