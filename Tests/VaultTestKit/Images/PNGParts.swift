// PNGParts: a PNG as a list of chunks that a test can change one at a time. The checksums here are
// computed bit by bit, independently of the inspector's tables.

package struct PNGParts: Sendable {
    package struct Chunk: Sendable {
        package var type: String
        package var content: [UInt8]
        /// Overrides of the fields that are computed otherwise.
        package var length: UInt32?
        package var checksum: UInt32?

        package init(
            _ type: String, _ content: [UInt8], length: UInt32? = nil, checksum: UInt32? = nil
        ) {
            self.type = type
            self.content = content
            self.length = length
            self.checksum = checksum
        }

        package init(_ type: String, text: String) {
            self.init(type, Array(text.utf8))
        }
    }

    package var chunks: [Chunk]
    /// What follows the last chunk.
    package var tail: [UInt8] = []

    package init(chunks: [Chunk]) {
        self.chunks = chunks
    }

    package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    package var bytes: [UInt8] {
        Self.signature + chunks.flatMap(Self.bytes) + tail
    }

    private static func bytes(_ chunk: Chunk) -> [UInt8] {
        let body = Array(chunk.type.utf8) + chunk.content
        return bigEndian(chunk.length ?? UInt32(chunk.content.count)) + body
            + bigEndian(chunk.checksum ?? TestChecksum.crc32(body))
    }

    package static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(number >> $0 & 0xFF) }
    }

    /// A copy with a chunk before the first one of `type`, or at the end.
    package func inserting(_ chunk: Chunk, before type: String) -> PNGParts {
        var copy = self
        let index = chunks.firstIndex { $0.type == type } ?? chunks.count
        copy.chunks.insert(chunk, at: index)
        return copy
    }

    package func removing(_ type: String) -> PNGParts {
        var copy = self
        copy.chunks.removeAll { $0.type == type }
        return copy
    }

    /// A copy in which the first chunk of `type` was changed.
    package func changing(_ type: String, _ change: (inout Chunk) -> Void) -> PNGParts {
        var copy = self
        if let index = chunks.firstIndex(where: { $0.type == type }) { change(&copy.chunks[index]) }
        return copy
    }
}

package enum TestChecksum {
    /// PNG 3rd edition, annex D.
    package static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xEDB8_8320 }
        }
        return ~crc
    }

    /// RFC 1950 §8.
    package static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var low: UInt32 = 1
        var high: UInt32 = 0
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }
}
