/// Reads the fields that ``ByteWriter`` lays out. Every read is checked; what is left over is an error.
package struct ByteReader: Sendable {
    private let bytes: [UInt8]
    package private(set) var offset = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var remaining: Int { bytes.count - offset }

    /// - Throws: ``FormatError/truncated`` when fewer than `count` bytes are left.
    package mutating func read(_ count: Int) throws(FormatError) -> [UInt8] {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// - Throws: ``FormatError/truncated``.
    package mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type = T.self
    ) throws(FormatError) -> T {
        try read(T.bitWidth / 8).reduce(0) { ($0 << 8) | T($1) }
    }

    /// One length byte, then that many bytes.
    package mutating func readShort() throws(FormatError) -> [UInt8] {
        try read(Int(read(UInt8.self)))
    }

    /// - Throws: ``FormatError/wrongMagic`` unless the next bytes are these.
    package mutating func expect(_ magic: [UInt8]) throws(FormatError) {
        guard try read(magic.count) == magic else { throw .wrongMagic }
    }

    /// - Throws: ``FormatError/trailingBytes`` when anything is left.
    package func finish() throws(FormatError) {
        guard remaining == 0 else { throw .trailingBytes }
    }
}
