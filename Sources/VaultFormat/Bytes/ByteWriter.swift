/// Lays out fixed-width, big-endian fields in order, as every binary specification here does.
///
/// Inlinable: every authenticator of a row is laid out by it, and what is generic costs ten times as much in another
/// module.
package struct ByteWriter: Sendable {
    package var bytes: [UInt8] { laid }
    @usableFromInline var laid: [UInt8] = []

    package init(reserving count: Int = 0) {
        laid.reserveCapacity(count)
    }

    @inlinable package mutating func append(_ value: some FixedWidthInteger & UnsignedInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            laid.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    @inlinable package mutating func append(_ more: some Sequence<UInt8>) {
        laid.append(contentsOf: more)
    }

    /// One length byte, then the bytes. For names that are at most 255 bytes by their own type.
    package mutating func appendShort(_ more: [UInt8]) {
        precondition(more.count <= 255, "a short field holds at most 255 bytes")
        laid.append(UInt8(more.count))
        laid.append(contentsOf: more)
    }
}
