// What may follow a JPEG's end marker, and what becomes of the rest.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

struct JPEGTrailerTests {
    static let image = TestJPEG.gray.bytes

    /// Entries of "MPF" that name the offset of one more image, counted from the TIFF header.
    static func indexed(offset: Int) -> JPEGParts {
        var entries: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1]
        entries += [0xB0, 0x02, 0, 7, 0, 0, 0, 48, 0, 0, 0, 26, 0, 0, 0, 0]
        for start in [0, offset, offset + image.count] {
            entries +=
                [UInt8](repeating: 0, count: 8) + PNGParts.bigEndian(UInt32(start))
                + [0, 0, 0, 0]
        }
        let payload = Array("MPF\u{0}".utf8) + entries
        return TestJPEG.gray.parts.inserting(.segment(marker: 0xE2, payload: payload), before: 0xDB)
    }

    /// An image whose index names the two that follow it.
    static func multiPicture() -> [UInt8] {
        let bytes = indexed(offset: 0).bytes
        // SOI, JFIF segment of 18 bytes, marker and length, "MPF" and its zero.
        let base = 2 + 18 + 4 + 4
        return indexed(offset: bytes.count - base).bytes + image + image
    }

    static func samsung(
        extra: [UInt8] = [], gap: [UInt8] = [], data: [UInt8] = Array("data".utf8)
    ) -> [UInt8] {
        let entry: [UInt8] = [0, 0, 1, 10, 3, 0, 0, 0] + Array("abc".utf8) + data
        let list =
            Array("SEFH".utf8) + [107, 0, 0, 0, 1, 0, 0, 0] + [0, 0, 1, 10]
            + [UInt8(entry.count + gap.count), 0, 0, 0, UInt8(entry.count), 0, 0, 0]
        return image + extra + entry + gap + list + [UInt8(list.count), 0, 0, 0]
            + Array("SEFT".utf8)
    }

    static func film(_ data: [UInt8]) -> [UInt8] {
        [0, 0, 0, 16] + Array("ftypmp42".utf8) + [0, 0, 0, 0] + [0, 0, 0, UInt8(8 + data.count)]
            + Array("mdat".utf8) + data
    }

    static func motionPhoto(announced: Bool, data: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        let packet = "http://ns.adobe.com/xap/1.0/\u{0}<x GCamera:MotionPhoto='1'/>"
        let segment = JPEGParts.Piece.segment(marker: 0xE1, payload: Array(packet.utf8))
        let parts = TestJPEG.gray.parts
        return (announced ? parts.inserting(segment, before: 0xDB) : parts).bytes + film(data)
    }

    static let explained: [(String, [UInt8])] = [
        ("zeros", image + [0, 0, 0]), ("ones", image + [0xFF, 0xFF]),
        ("one image more", image + image),
        ("one image more after padding", image + [0, 0xFF] + image + [0]),
        ("images that an index names", multiPicture()), ("a Samsung directory", samsung()),
        ("an announced film", motionPhoto(announced: true)),
    ]

    @Test(arguments: explained)
    func `an explained trailer is kept`(_ rule: String, _ bytes: [UInt8]) throws {
        let inspection = try accepted(bytes)
        #expect(inspection.stored.byteCount == bytes.count)
        #expect(inspection.transformed.isEmpty)
    }

    static let unexplained: [(String, [UInt8])] = [
        ("a line feed", image + [10]), ("noise", image + [1, 2, 3]),
        ("an end marker after noise", image + [1, 0xFF, 0xD9]),
        ("two images more without an index", image + image + image),
        ("a broken image", image + image.dropLast(30)),
        ("noise after a second image", image + image + [1]),
        ("a film nobody announced", motionPhoto(announced: false)),
        ("a Samsung directory that begins late", samsung(extra: [7])),
        ("a Samsung directory that ends early", samsung(gap: [7])),
    ]

    @Test(arguments: unexplained)
    func `an unexplained trailer is refused, or cut off where the policy says so`(
        _ rule: String, _ bytes: [UInt8]
    ) throws {
        #expect(refusal(of: bytes)?.finding.code == .trailerData)
        let inspection = try accepted(bytes, policy: truncating)
        #expect(inspection.transformed == [.trailerTruncated])
        #expect(inspection.verdict.findings.map(\.code) == [.trailerData])
        #expect(inspection.stored.byteCount < bytes.count)
        let kept = Array(bytes[..<inspection.stored.byteCount])
        #expect(Array(kept.suffix(2)) == [0xFF, 0xD9])
        let again = try accepted(kept)
        #expect(again.stored.byteCount == kept.count)
        #expect(again.verdict.findings.isEmpty)
    }

    @Test func `sound images before an unexplained trailer are kept`() throws {
        let bytes = Self.multiPicture()
        let inspection = try accepted(bytes + [1, 2, 3], policy: truncating)
        #expect(inspection.stored.byteCount == bytes.count)
        guard case .jpeg(let facts) = inspection.facts else {
            Issue.record("no JPEG facts")
            return
        }
        #expect(facts.imageBytes == bytes.count - 2 * Self.image.count)
    }

    @Test func `an image that the index does not name is unexplained`() {
        let bytes = Self.multiPicture() + Self.image
        #expect(refusal(of: bytes)?.finding.code == .trailerData)
    }
}
