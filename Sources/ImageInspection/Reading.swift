// Reading: how every parser here touches the upload. A read names an offset and gives nil outside
// the bytes; a span of a given length is checked before it is used. Offsets and lengths stay below
// 2^33 (`Limits.inspectedBytes`, and 32-bit fields), so their sums fit an Int. These few functions
// and FastScan.swift hold all the `unsafe` of the module.

import VaultFormat

extension RawSpan {
    /// The byte at `offset`, or nil outside.
    @inline(__always)
    func u8(_ offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        // unsafe: the offset was checked; every bit pattern is a UInt8.
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// A big-endian 16-bit number, or nil if it is not wholly inside.
    @inline(__always)
    func u16(_ offset: Int) -> Int? {
        guard let number = load(offset, as: UInt16.self) else { return nil }
        return Int(UInt16(bigEndian: number))
    }

    /// A big-endian 32-bit number, or nil if it is not wholly inside.
    @inline(__always)
    func u32(_ offset: Int) -> UInt32? {
        guard let number = load(offset, as: UInt32.self) else { return nil }
        return UInt32(bigEndian: number)
    }

    /// A little-endian 16-bit number, or nil if it is not wholly inside.
    func u16le(_ offset: Int) -> Int? {
        guard let number = load(offset, as: UInt16.self) else { return nil }
        return Int(UInt16(littleEndian: number))
    }

    /// A little-endian 32-bit number, or nil if it is not wholly inside.
    func u32le(_ offset: Int) -> Int? {
        guard let number = load(offset, as: UInt32.self) else { return nil }
        return Int(UInt32(littleEndian: number))
    }

    /// Eight bytes as they lie in memory, or nil if they are not wholly inside.
    @inline(__always)
    func u64(_ offset: Int) -> UInt64? {
        load(offset, as: UInt64.self)
    }

    /// Whether `text` stands at `offset`, wholly before `end`.
    func has(_ text: StaticString, at offset: Int, before end: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, end <= byteCount, length <= end - offset else { return false }
        for index in 0..<length {
            // unsafe: the index is below the code unit count.
            let wanted = unsafe text.utf8Start[index]
            guard u8(offset + index) == wanted else { return false }
        }
        return true
    }

    /// Whether `word` stands anywhere in the range. Words are short: the search is linear.
    func holds(_ word: StaticString, in range: Range<Int>) -> Bool {
        guard word.utf8CodeUnitCount > 0 else { return false }
        // unsafe: the word has at least one code unit.
        let first = unsafe word.utf8Start[0]
        for offset in range where u8(offset) == first {
            if has(word, at: offset, before: range.upperBound) { return true }
        }
        return false
    }

    @inline(__always)
    private func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ offset: Int, as type: Number.Type
    ) -> Number? {
        guard offset >= 0, byteCount >= MemoryLayout<Number>.size,
            offset <= byteCount - MemoryLayout<Number>.size
        else { return nil }
        // unsafe: the range was checked; every bit pattern is an integer.
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
    }
}

/// A rule was broken; `inspect` adds the type and turns it into an `InspectionRefusal`.
struct Refused: Error {
    let finding: Finding

    init(_ code: FindingCode, at offset: Int? = nil) {
        finding = Finding(code: code, offset: offset.map { UInt64(clamping: $0) })
    }
}

/// The value of a read, or a refusal if it lay outside.
@inline(__always)
func need<Value>(_ value: Value?, _ code: FindingCode, at offset: Int) throws(Refused) -> Value {
    guard let value else { throw Refused(code, at: offset) }
    return value
}

/// The product, or nil on overflow.
func product(_ left: Int, _ right: Int) -> Int? {
    let (result, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : result
}

/// `dividend / divisor`, rounded up; both positive.
func ceilDivide(_ dividend: Int, _ divisor: Int) -> Int {
    dividend / divisor + (dividend % divisor == 0 ? 0 : 1)
}
