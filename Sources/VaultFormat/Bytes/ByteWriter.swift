/// Lays out fixed-width, big-endian fields in order, as every binary specification here does.
///
/// One function for each width: every authenticator of a row is laid out by it, and what is generic is not specialised
/// for another module.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving count: Int = 0) {
        bytes.reserveCapacity(count)
    }

    package mutating func append(_ value: UInt8) { bytes.append(value) }
    package mutating func append(_ value: UInt16) { append(UInt64(value), byteCount: 2) }
    package mutating func append(_ value: UInt32) { append(UInt64(value), byteCount: 4) }
    package mutating func append(_ value: UInt64) { append(value, byteCount: 8) }

    private mutating func append(_ value: UInt64, byteCount: Int) {
        var shift = 8 * byteCount
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    package mutating func append(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    package mutating func append(_ more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    /// One length byte, then the bytes. For names that are at most 255 bytes by their own type.
    package mutating func appendShort(_ more: [UInt8]) {
        precondition(more.count <= 255, "a short field holds at most 255 bytes")
        bytes.append(UInt8(more.count))
        bytes.append(contentsOf: more)
    }
}
