// Sound images of the test's own, each different from every other, with text to search for.

import Foundation
import VaultTestKit

enum Sample {
    /// A small baseline JPEG; another number, another image.
    static func jpeg(_ number: Int = 1) -> [UInt8] {
        TestJPEG.baseline.parts.commented("sample \(number)").bytes
    }

    /// A small truecolour PNG.
    static func png(_ number: Int = 1) -> [UInt8] {
        var image = TestPNG.color
        image.seed = UInt64(number)
        return image.bytes
    }

    /// A PNG whose structure is sound and whose first row has a filter that does not exist.
    static var undecodablePNG: [UInt8] {
        let image = TestPNG.color
        var random = TestRandom(seed: 1)
        var rows = image.rows(&random)
        rows[0] = 9
        return image.parts.changing("IDAT") { $0.content = TestPNG.zlib(rows) }.bytes
    }

    /// A JPEG of exactly `count` bytes: comments fill it up.
    static func jpeg(bytes count: Int, _ number: Int = 1) -> [UInt8] {
        var parts = TestJPEG.baseline.parts
        var rest = count - parts.bytes.count
        precondition(rest == 0 || rest >= 4)
        while rest > 0 {
            // No rest is left that is too short for a segment of its own.
            let size = rest <= 60_000 ? rest : min(60_000, rest - 4)
            let text = filler(size - 4, number &* 1000 &+ rest)
            parts = parts.commented(text)
            rest -= size
        }
        return parts.bytes
    }

    /// Letters that nothing mistakes for markup, and that no two places have in common.
    static func filler(_ count: Int, _ number: Int) -> [UInt8] {
        var random = TestRandom(seed: UInt64(bitPattern: Int64(number)))
        return (0..<count).map { _ in
            UInt8(truncatingIfNeeded: random.next() >> 32) % 26 + UInt8(ascii: "a")
        }
    }

    /// The bytes of one blob frame: an image with more has several.
    static let frameBytes = 256 << 10
}
