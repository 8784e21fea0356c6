// Images made for the decoder's tests: two tiny JPEG, and PNG written chunk by chunk, so that each
// can be wrong in one way only.

import Foundation
import VaultFormat

enum DecodeSamples {
    /// 16 × 16 grey, baseline.
    static let jpeg = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq
        eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAA
        AAAABgX/xAAjEAACAAQFBQAAAAAAAAAAAAABAgADBBESIUFigQUTI1Lw/9oACAEBAAA/AJNECswqdBi4
        hJ07S/rj4g/OXsLjXJybE7fhCCR4qCnmpkzItzttH//Z
        """)

    /// The same picture, progressive.
    static let progressiveJPEG = bytes(
        """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq
        eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wgALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAA
        AAAABQT/2gAIAQEAAAABkSPQ/8QAGRAAAgMBAAAAAAAAAAAAAAAAAAECAyEx/9oACAEBAAEFAodrHgsh
        /8QAFxAAAwEAAAAAAAAAAAAAAAAAAAECEP/aAAgBAQAGPwLZZ//EABsQAAICAwEAAAAAAAAAAAAAAAAB
        ESExgcGR/9oACAEBAAE/IaQ2cSLGVnhVMtLw/9oACAEBAAAAEA//xAAcEAEAAgEFAAAAAAAAAAAAAAAB
        AEERYXGR4fD/2gAIAQEAAT8QKio4SuemUU3C+aSu8k7J/9k=
        """)

    private static func bytes(_ base64: String) -> [UInt8] {
        [UInt8](Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
    }

    /// The baseline JPEG with bytes between its coded data and its end marker.
    static var jpegWithForeignBytes: [UInt8] {
        jpeg.dropLast(2) + [UInt8](repeating: 0x55, count: 40) + jpeg.suffix(2)
    }
}

/// A grey PNG of 8 bits, 11 × 9, as it should be unless a field says otherwise.
struct SamplePNG {
    static let width = 11
    static let height = 9

    var isInterlaced = false
    var filter: UInt8 = 0
    /// Added to, or cut from, the pixels before they are packed.
    var extraPixels = 0
    var adlerIsWrong = false
    var afterStream: [UInt8] = []
    /// How many IDAT chunks the stream is spread over.
    var parts = 1
    var chunksBefore: [[UInt8]] = []
    var chunksAfter: [[UInt8]] = []

    var bytes: [UInt8] {
        let header =
            Self.be32(Self.width) + Self.be32(Self.height) + [8, 0, 0, 0, isInterlaced ? 1 : 0]
        let stream = Self.zlib(pixels, adlerIsWrong: adlerIsWrong) + afterStream
        let size = (stream.count + parts - 1) / parts
        let data = (0..<parts).map { Array(stream.dropFirst($0 * size).prefix(size)) }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
            + chunksBefore.joined() + data.flatMap { Self.chunk("IDAT", $0) }
            + chunksAfter.joined() + Self.chunk("IEND", [])
    }

    /// Rows of one filter byte and the samples; interlaced, the rows of seven passes.
    private var pixels: [UInt8] {
        let widths = isInterlaced ? [2, 1, 3, 3, 6, 5, 11] : [Self.width]
        let heights = isInterlaced ? [2, 2, 1, 3, 2, 5, 4] : [Self.height]
        var rows: [UInt8] = []
        for (width, height) in zip(widths, heights) {
            for row in 0..<height {
                rows += [filter] + [UInt8](repeating: UInt8(row), count: width)
            }
        }
        return extraPixels < 0
            ? rows.dropLast(-extraPixels) : rows + [UInt8](repeating: 0, count: extraPixels)
    }

    static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        return be32(content.count) + body + be32(Int(crc32(body)))
    }

    static func compressedText(_ text: [UInt8]) -> [UInt8] {
        zippedText(zlib(text))
    }

    static func zippedText(_ stream: [UInt8]) -> [UInt8] {
        chunk("zTXt", Array("Comment".utf8) + [0, 0] + stream)
    }

    /// RFC 1950 and 1951: one block of fixed codes, literals only, so that no text shows through.
    static func zlib(_ bytes: [UInt8], adlerIsWrong: Bool = false) -> [UInt8] {
        var bits = Bits()
        for byte in bytes {
            if byte < 144 {
                bits.append(0x30 + Int(byte), 8)
            } else {
                bits.append(0x190 + Int(byte) - 144, 9)
            }
        }
        return bits.stream + be32(Int(adler32(bytes)) ^ (adlerIsWrong ? 1 : 0))
    }

    /// A grey PNG of 8 bits whose black pixels inflate to so many bytes, in rows of 259: one, and then
    /// so many times 258 more of it.
    static func black(rows: Int, runs: Int) -> [UInt8] {
        var bits = Bits()
        bits.append(0x30, 8)
        for _ in 0..<runs { bits.append(0b1100_0101_00000, 13) }
        // The Adler sums of zeros: one, and how many there are.
        let sums = ((1 + 258 * runs) % 65_521) << 16 | 1
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", be32(258) + be32(rows) + [8, 0, 0, 0, 0])
            + chunk("IDAT", bits.stream + be32(sums)) + chunk("IEND", [])
    }

    /// The letter A, and then so many times 258 more of it in 13 bits; without a checksum.
    static func bomb(runs: Int) -> [UInt8] {
        var bits = Bits()
        bits.append(0x71, 8)
        // Length code 285 and distance code 0.
        for _ in 0..<runs { bits.append(0b1100_0101_00000, 13) }
        return bits.stream
    }

    /// The last block of a deflate stream with fixed codes; codes are packed from their first bit.
    private struct Bits {
        private var packed: [UInt8] = []
        /// Bits that fill no byte yet, the earliest lowest: at first the head of the block.
        private var rest = 0b011
        private var count = 3

        mutating func append(_ code: Int, _ width: Int) {
            var reversed = 0
            for bit in 0..<width { reversed = reversed << 1 | code >> bit & 1 }
            rest |= reversed << count
            count += width
            while count >= 8 {
                packed.append(UInt8(truncatingIfNeeded: rest))
                rest >>= 8
                count -= 8
            }
        }

        /// With the end of the block, code 256, of seven zeros.
        var stream: [UInt8] {
            [0x78, 0x01] + packed + [UInt8(truncatingIfNeeded: rest)] + (count > 1 ? [0] : [])
        }
    }

    static func be32(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        let sums = bytes.reduce((a: 1, b: 0)) {
            (($0.a + Int($1)) % 65_521, ($0.b + $0.a + Int($1)) % 65_521)
        }
        return UInt32(sums.b << 16 | sums.a)
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in
                value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
            }
        }
    }
}
