/// What a reference seals: the caller's words, and the digests that would let an outsider test for
/// a known picture. ObjectFormat §6. It dies with the reference key.
package struct ReferenceBody: Hashable, Sendable {
    package let name: FileName
    package let claim: Claim
    package let receivedBytes: Int
    package let receivedDigest: Digest256
    package let storedDigest: Digest256
    package let createdMicroseconds: Int64
    /// What was done to the upload before it was stored, a bit each: 0 trailer truncated,
    /// 1 metadata stripped.
    package let transformations: UInt16

    package init(
        name: FileName, claim: Claim, receivedBytes: Int, receivedDigest: Digest256,
        storedDigest: Digest256, createdMicroseconds: Int64, transformations: UInt16 = 0
    ) {
        self.name = name
        self.claim = claim
        self.receivedBytes = receivedBytes
        self.receivedDigest = receivedDigest
        self.storedDigest = storedDigest
        self.createdMicroseconds = createdMicroseconds
        self.transformations = transformations
    }

    private static let version: UInt8 = 1
    private static let knownTransformations: UInt16 = 0b11

    /// Bytes that every body is padded to, so that its length tells nothing about the name.
    package static let paddedBytes = 512

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: Self.paddedBytes)
        writer.append(Self.version)
        writer.appendShort(Array(name.text.utf8))
        writer.appendShort(Array((claim.owner?.description ?? "").utf8))
        writer.appendShort(Array((claim.job?.description ?? "").utf8))
        writer.append(UInt64(receivedBytes))
        writer.append(receivedDigest.bytes)
        writer.append(storedDigest.bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(transformations)
        writer.append(repeatElement(0, count: Self.paddedBytes - writer.bytes.count))
        return writer.bytes
    }

    /// - Throws: ``FormatError`` for anything but the one spelling of a body.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        guard bytes.count == Self.paddedBytes else {
            throw .wrongLength(expected: Self.paddedBytes, actual: bytes.count)
        }
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        name = try FileName(Self.text(try reader.readShort()))
        let owner = Self.text(try reader.readShort())
        let job = Self.text(try reader.readShort())
        claim = Claim(
            owner: owner.isEmpty ? nil : try OwnerID(owner), job: job.isEmpty ? nil : try JobID(job)
        )
        let received = try reader.read(UInt64.self)
        guard let count = Int(exactly: received) else { throw .outOfRange(field: "received") }
        receivedBytes = count
        receivedDigest = try Digest256(bytes: reader.read(32))
        storedDigest = try Digest256(bytes: reader.read(32))
        createdMicroseconds = Int64(bitPattern: try reader.read())
        transformations = try reader.read()
        guard transformations & ~Self.knownTransformations == 0 else {
            throw .outOfRange(field: "transformations")
        }
        guard try reader.read(reader.remaining).allSatisfy({ $0 == 0 }) else {
            throw .notCanonical(field: "padding")
        }
        guard encoded == bytes else { throw .notCanonical(field: "reference") }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The transformations by name, in the order of their bits.
    package var transformationNames: [String] { Self.names(of: transformations) }

    package static func names(of transformations: UInt16) -> [String] {
        ["trailer-truncated", "metadata-stripped"].enumerated().compactMap { bit, name in
            transformations & 1 << bit == 0 ? nil : name
        }
    }
}
