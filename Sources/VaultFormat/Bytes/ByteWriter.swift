/// Lays out fixed-width, big-endian fields in order, as every binary specification here does.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving count: Int = 0) {
        bytes.reserveCapacity(count)
    }

    package mutating func append(_ value: some FixedWidthInteger & UnsignedInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
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
