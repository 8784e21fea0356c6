// CRC32: the checksum of PNG chunks (PNG 3rd edition §5.5 and annex D; polynomial 0xEDB88320,
// reflected), eight bytes a step from eight tables.

enum CRC32 {
    /// Table k at 256 × k: the effect of a byte that is followed by k zero bytes.
    private static let tables: [UInt32] = makeTables()

    private static func makeTables() -> [UInt32] {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var value = UInt32(index)
            for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320 }
            tables[index] = value
        }
        for index in 256..<2048 {
            let shorter = tables[index - 256]
            tables[index] = shorter >> 8 ^ tables[Int(shorter & 0xFF)]
        }
        return tables
    }

    /// The checksum of the bytes in `range`, or nil if it is not wholly inside.
    static func checksum(_ bytes: RawSpan, _ range: Range<Int>) -> UInt32? {
        guard range.lowerBound >= 0, range.upperBound <= bytes.byteCount else { return nil }
        let tables = tables.span
        // Lets the compiler drop the bounds checks below: every index is under 2048.
        guard tables.count == 2048 else { return nil }
        var crc: UInt32 = 0xFFFF_FFFF
        var offset = range.lowerBound
        while offset <= range.upperBound - 8, let word = bytes.u64(offset) {
            let mixed = UInt64(littleEndian: word) ^ UInt64(crc)
            crc =
                tables[1792 + Int(mixed & 0xFF)] ^ tables[1536 + Int(mixed >> 8 & 0xFF)]
                ^ tables[1280 + Int(mixed >> 16 & 0xFF)] ^ tables[1024 + Int(mixed >> 24 & 0xFF)]
                ^ tables[768 + Int(mixed >> 32 & 0xFF)] ^ tables[512 + Int(mixed >> 40 & 0xFF)]
                ^ tables[256 + Int(mixed >> 48 & 0xFF)] ^ tables[Int(mixed >> 56)]
            offset += 8
        }
        while offset < range.upperBound, let byte = bytes.u8(offset) {
            crc = tables[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8
            offset += 1
        }
        return ~crc
    }
}
