// FastScan: the two loops that touch every byte of a photo, at memory speed. Both only skip bytes
// that cannot matter; what they stop at is judged elsewhere. Reads are checked once a block.

extension RawSpan {
    /// The offset of the first 0xFF byte in `offset..<end`, or `end`.
    /// Eight bytes a step: a byte is 0xFF exactly if its complement is zero.
    func firstFF(from offset: Int, to end: Int) -> Int {
        let end = Swift.min(end, byteCount)
        var offset = offset
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

    /// The offset of the first block of at most 32 bytes at or after `offset` that may hold the
    /// first two bytes of a long form, or `end`. Every such pair of `TextForm.long` is found, also one
    /// that straddles two blocks; some other pairs are reported as well.
    func nextPairBlock(from offset: Int, to end: Int) -> Int {
        let end = Swift.min(end, byteCount)
        var offset = Swift.max(offset, 0)
        // A block reads one byte past its 32 for the second byte of the last pair.
        while offset <= end - 33 {
            // unsafe: offset + 33 <= end <= byteCount; every bit pattern is a vector.
            let a0 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: SIMD16<UInt8>.self)
            let a1 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 1, as: SIMD16<UInt8>.self)
            let b0 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 16, as: SIMD16<UInt8>.self)
            let b1 = unsafe unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset + 17, as: SIMD16<UInt8>.self)
            let hits = Self.pairs(a0, a1) | Self.pairs(b0, b1)
            if hits[0] | hits[1] != 0 { return offset }
            offset += 32
        }
        return offset
    }

    /// Which positions begin a pair: bytes of ones or zeros. Bit 0x20 is set first, which folds the
    /// case of letters and merges each sign with one control or letter: a superset.
    @inline(__always)
    private static func pairs(
        _ first: SIMD16<UInt8>, _ second: SIMD16<UInt8>
    ) -> SIMD2<UInt64> {
        let fold = SIMD16<UInt8>(repeating: 0x20)
        let a = first | fold
        let b = second | fold
        let signs = equal(b, 0x2F) | equal(b, 0x3F) | equal(b, 0x21)
        let letters =
            equal(b, 0x73) | equal(b, 0x69) | equal(b, 0x68) | equal(b, 0x65) | equal(b, 0x6F)
            | equal(b, 0x62) | equal(b, 0x6A)
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
