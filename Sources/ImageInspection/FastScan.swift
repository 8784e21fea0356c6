// FastScan: the two loops that touch every byte of a photo, at memory speed. Both only skip bytes
// that cannot matter; what they stop at is judged elsewhere. Reads are checked once a block.

extension RawSpan {
    /// The offset of the first 0xFF byte in `offset..<end`, or `end`; not before byte 0.
    /// Blocks without one are passed over first, then eight bytes a step: a byte is 0xFF exactly if its complement
    /// is zero.
    func firstFF(from offset: Int, to end: Int) -> Int {
        let end = Swift.min(end, byteCount)
        var offset = Swift.max(offset, 0)
        while offset <= end - PairBlock.byteCount {
            // unsafe: offset + 32 <= end <= byteCount; every bit pattern is a vector.
            let low = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
            let high = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 16, as: SIMD16<UInt8>.self)
            let hits = Self.equal(low, 0xFF) | Self.equal(high, 0xFF)
            if hits[0] | hits[1] != 0 { break }
            offset += PairBlock.byteCount
        }
        while offset <= end - 8, let word = u64(offset) {
            let inverse = ~word
            let zeros = (inverse &- 0x0101_0101_0101_0101) & ~inverse & 0x8080_8080_8080_8080
            if zeros != 0 {
                // The lowest marked byte is exact; the borrow spoils only those above it.
                return offset + UInt64(littleEndian: zeros).trailingZeroBitCount / 8
            }
            offset += 8
        }
        while offset < end, u8(offset) != 0xFF { offset += 1 }
        return offset
    }

    /// The first block at or after `offset` that may hold the first two bytes of a long form. Every such pair of
    /// `TextForm.long` is marked, also one that straddles two blocks; some other pairs are marked as well. What is
    /// too short for a block is all marked.
    func nextPairs(from offset: Int) -> PairBlock {
        var offset = Swift.max(offset, 0)
        // A block reads one byte past its 32 for the second byte of the last pair.
        while offset <= byteCount - PairBlock.byteCount - 1 {
            // unsafe: offset + 33 <= byteCount; every bit pattern is a vector.
            let a0 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
            let a1 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 1, as: SIMD16<UInt8>.self)
            let b0 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 16, as: SIMD16<UInt8>.self)
            let b1 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 17, as: SIMD16<UInt8>.self)
            let low = Self.pairs(a0, a1)
            let high = Self.pairs(b0, b1)
            let either = low | high
            if either[0] | either[1] != 0 {
                return PairBlock(
                    offset: offset, marks: SIMD4(lowHalf: low, highHalf: high))
            }
            offset += PairBlock.byteCount
        }
        return PairBlock(offset: offset, marks: SIMD4(repeating: .max))
    }

    /// Which positions begin a pair: bytes of ones or zeros. Bit 0x20 is set first, which folds the
    /// case of letters and merges each sign with one control or letter: a superset. So are all letters up to o for
    /// the six of them that follow a sign, which costs one comparison and not six.
    @inline(__always)
    private static func pairs(
        _ first: SIMD16<UInt8>, _ second: SIMD16<UInt8>
    ) -> SIMD2<UInt64> {
        let fold = SIMD16<UInt8>(repeating: 0x20)
        let a = first | fold
        let b = second | fold
        // 0x2F and 0x3F differ in one bit.
        let signs = equal(b & SIMD16(repeating: 0xEF), 0x2F) | equal(b, 0x21)
        let letters = equal(b & SIMD16(repeating: 0xF0), 0x60) | equal(b, 0x73)
        var hits = equal(a, 0x3C) & (signs | letters)
        hits = hits | (equal(a, 0x6A) & equal(b, 0x61))
        hits = hits | (equal(a, 0x76) & equal(b, 0x62))
        hits = hits | (equal(a, 0x6F) & equal(b, 0x6E))
        hits = hits | (equal(a, 0x7F) & equal(b, 0x7F))
        return hits | (equal(a, 0x70) & equal(b, 0x6B))
    }

    /// Operators between whole vectors only: those between a vector and a number, or between masks,
    /// are left unspecialised by this compiler and run two hundred times slower.
    @inline(__always)
    private static func equal(_ bytes: SIMD16<UInt8>, _ value: UInt8) -> SIMD2<UInt64> {
        let mask = bytes .== SIMD16<UInt8>(repeating: value)
        // unsafe: a mask is 16 bytes of zeros or ones, read here as two words.
        return unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    }
}

/// Bytes among which may be the beginning of a long form.
struct PairBlock {
    static let byteCount = 32

    let offset: Int
    /// A byte for each of them: ones where such a beginning may be, else zeros.
    fileprivate let marks: SIMD4<UInt64>

    /// Whether it is all there, with what a beginning in its last byte goes on with.
    func isWhole(in bytes: RawSpan) -> Bool {
        offset <= bytes.byteCount - Self.byteCount - HiddenFile.beginningBytes
    }

    /// Where the marked bytes are, in order; past the end of the file, too, at its end.
    func forEachMark<E: Error>(_ body: (Int) throws(E) -> Void) throws(E) {
        for word in 0..<marks.scalarCount {
            var rest = UInt64(littleEndian: marks[word])
            while rest != 0 {
                let bit = rest.trailingZeroBitCount
                try body(offset + 8 * word + bit / 8)
                rest &= ~(0xFF << UInt64(bit))
            }
        }
    }
}
