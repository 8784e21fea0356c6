/// The fixed-width head of a sealed blob: 92 bytes, big-endian. ObjectFormat §3.
///
///     0  magic "IVBLOB" 00 01      16  plaintext bytes, u64     60  key commitment, 32
///     8  suite, u8                 24  salt, 32                 92  first frame
///     9  zero, 3                   56  zero, 4
///     12 frame bytes, u32
package struct ObjectHeader: Hashable, Sendable {
    package static let byteCount = 92
    package static let saltBytes = 32
    package static let commitmentBytes = 32
    package static let tagBytes = 16
    private static let magic = Array("IVBLOB".utf8) + [0, 1]

    package let suite: Suite
    package let frameBytes: Int
    package let plaintextBytes: Int
    package let salt: [UInt8]
    package let commitment: [UInt8]

    /// - Throws: ``FormatError`` when a length or a bound is broken.
    package init(
        suite: Suite, frameBytes: Int = Limits.frameBytes, plaintextBytes: Int, salt: [UInt8],
        commitment: [UInt8]
    ) throws(FormatError) {
        guard salt.count == Self.saltBytes else {
            throw .wrongLength(expected: Self.saltBytes, actual: salt.count)
        }
        guard commitment.count == Self.commitmentBytes else {
            throw .wrongLength(expected: Self.commitmentBytes, actual: commitment.count)
        }
        guard frameBytes == Limits.frameBytes else { throw .outOfRange(field: "frame bytes") }
        guard (1...Limits.imageBytesCeiling).contains(plaintextBytes) else {
            throw .outOfRange(field: "plaintext bytes")
        }
        self.suite = suite
        self.frameBytes = frameBytes
        self.plaintextBytes = plaintextBytes
        self.salt = salt
        self.commitment = commitment
    }

    /// - Throws: ``FormatError`` for anything but the one spelling of a header.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        try reader.expect(Self.magic)
        guard let suite = Suite(rawValue: try reader.read()) else {
            throw .unknownValue(field: "suite")
        }
        guard try reader.read(3) == [0, 0, 0] else { throw .notCanonical(field: "reserved") }
        let frameBytes = try reader.read(UInt32.self)
        let plaintextBytes = try reader.read(UInt64.self)
        let salt = try reader.read(Self.saltBytes)
        guard try reader.read(4) == [0, 0, 0, 0] else { throw .notCanonical(field: "reserved") }
        let commitment = try reader.read(Self.commitmentBytes)
        try reader.finish()
        try self.init(
            suite: suite, frameBytes: Int(frameBytes),
            plaintextBytes: Int(exactly: plaintextBytes) ?? Int.max, salt: salt,
            commitment: commitment)
    }

    /// The header as it stands in the file.
    package var encoded: [UInt8] {
        Self.uncommitted(
            suite: suite, frameBytes: frameBytes, plaintextBytes: plaintextBytes, salt: salt)
            + commitment
    }

    /// Everything before the commitment: what the commitment commits to.
    package static func uncommitted(
        suite: Suite, frameBytes: Int, plaintextBytes: Int, salt: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter(reserving: byteCount)
        writer.append(magic)
        writer.append(suite.rawValue)
        writer.append([0, 0, 0])
        writer.append(UInt32(frameBytes))
        writer.append(UInt64(plaintextBytes))
        writer.append(salt)
        writer.append([0, 0, 0, 0])
        return writer.bytes
    }

    package var layout: ObjectLayout { ObjectLayout(header: self) }
}
