// Stripping: what is dropped is gone, what shows the picture stays byte for byte, and what is left is a
// sound image with nothing more to strip.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

struct StrippingTests {
    /// A word that stands in everything that must go, and nowhere else.
    private static let secret = Array("Peter-was-here".utf8)

    /// Any APP segment: a name, then the secret.
    private static func segment(_ marker: UInt8, _ name: String) -> JPEGParts.Piece {
        .segment(marker: marker, payload: Array(name.utf8) + secret)
    }

    private static let jpegMetadata: [JPEGParts.Piece] = [
        segment(0xFE, ""), segment(0xE1, "http://ns.adobe.com/xap/1.0/\0"),
        segment(0xE1, "Exif\0\0"), segment(0xED, "Photoshop 3.0\0"), segment(0xE2, "MPF\0"),
        segment(0xE2, "FPXR\0"), segment(0xE0, "JFXX\0"), segment(0xEB, "JP"),
        segment(0xE5, ""), segment(0xEE, "Ducky"), segment(0xE1, "unknown"),
    ]

    private static let pngMetadata: [PNGParts.Chunk] = [
        .init("tEXt", Array("Comment\0".utf8) + secret), .init("iTXt", text: "a\0\0\0\0\0b"),
        .init("tIME", [7, 0xE0, 1, 1, 1, 1, 1]), .init("eXIf", secret), .init("caBX", secret),
        .init("sPLT", secret), .init("prVt", secret), .init("vpAg", secret),
    ]

    private func stripped(_ bytes: [UInt8]) throws -> (bytes: [UInt8], inspection: Inspection) {
        let inspection = try accepted(bytes, policy: stripping)
        #expect(inspection.stored.movesNothingBack(in: bytes))
        return (inspection.stored.applied(to: bytes), inspection)
    }

    @Test(arguments: [TestJPEG.baseline, .gray, .progressive, .restarting])
    func `of a JPEG all metadata goes, and the rest stays byte for byte`(_ image: TestJPEG) throws {
        var parts = image.parts
        for piece in Self.jpegMetadata { parts = parts.inserting(piece, before: 0xDB) }
        let (left, inspection) = try stripped(parts.bytes)
        #expect(left == image.bytes)
        #expect(inspection.transformed == [.metadataStripped])
    }

    @Test(arguments: [TestPNG.color, .palette, .interlaced, .animated])
    func `of a PNG all metadata goes, and the rest stays byte for byte`(_ image: TestPNG) throws {
        var parts = image.parts
        for chunk in Self.pngMetadata { parts = parts.inserting(chunk, before: "IDAT") }
        let (left, inspection) = try stripped(parts.bytes)
        #expect(left == image.bytes)
        #expect(inspection.transformed == [.metadataStripped])
    }

    @Test func `an image without metadata is stored as it came`() throws {
        for bytes in [TestJPEG.progressive.bytes, TestPNG.animated.bytes] {
            let (left, inspection) = try stripped(bytes)
            #expect(left == bytes)
            #expect(inspection.transformed == [])
        }
    }

    @Test func `a comment between two scans goes as well`() throws {
        var parts = TestJPEG.progressive.parts
        let last = try #require(
            parts.pieces.lastIndex {
                if case .segment(0xDA, _, _) = $0 { true } else { false }
            })
        parts.pieces.insert(Self.jpegMetadata[0], at: last)
        #expect(try stripped(parts.bytes).bytes == TestJPEG.progressive.bytes)
    }

    @Test func `the colour profile stays, in all its parts`() throws {
        let parts = (1...3).reduce(TestJPEG.baseline.parts) { parts, number in
            let head = Array("ICC_PROFILE\0".utf8) + [UInt8(number), 3]
            let payload = head + [UInt8](repeating: UInt8(number), count: 90)
            return parts.inserting(.segment(marker: 0xE2, payload: payload), before: 0xDB)
        }
        #expect(try stripped(parts.commented(Self.secret).bytes).bytes == parts.bytes)
    }

    @Test func `chunks that show a PNG right stay`() throws {
        var parts = TestPNG.color.parts
        for chunk in [
            PNGParts.Chunk("gAMA", [0, 0, 0xB1, 0x8F]),
            .init("cHRM", [UInt8](repeating: 0, count: 32)), .init("sBIT", [8, 8, 8]),
            .init("cICP", [1, 13, 0, 1]), .init("pHYs", [0, 0, 1, 0, 0, 0, 1, 0, 1]),
            .init("iCCP", Array("sRGB\0\0".utf8) + TestPNG.zlib([1, 2, 3])),
            .init("tRNS", [0, 1, 0, 2, 0, 3]), .init("bKGD", [0, 1, 0, 2, 0, 3]),
        ] { parts = parts.inserting(chunk, before: "IDAT") }
        let noted = parts.inserting(Self.pngMetadata[0], before: "IDAT")
        #expect(try stripped(noted.bytes).bytes == parts.bytes)
    }

    @Test func `of JFIF the density stays, of Adobe the transform`() throws {
        let jfif = Array("JFIF\0".utf8) + [1, 2, 1, 0, 72, 0, 72]
        let adobe = Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 1]
        func image(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
            TestJPEG.baseline.parts.removing(0xE0)
                .inserting(.segment(marker: 0xE0, payload: first), before: 0xDB)
                .inserting(.segment(marker: 0xEE, payload: second), before: 0xDB).bytes
        }
        let thumbnail: [UInt8] = [1, 1, 9, 9, 9]
        let left = try stripped(image(jfif + thumbnail, adobe + Self.secret)).bytes
        #expect(left == image(jfif + [0, 0], adobe))
    }

    @Test func `what stripping brings to the front is judged there`() throws {
        let image = TestPNG.hidingDocument
        #expect(try accepted(image.behind).transformed == [])
        #expect(try stripped(image.behind).bytes == image.front)
        #expect(refusal(of: image.front)?.finding.code == .hiddenDocument)
    }

    // MARK: Orientation

    /// An EXIF block with the secret and one orientation.
    private static func exif(_ orientation: UInt32, isLittleEndian: Bool) -> TestEXIF {
        var exif = TestEXIF()
        exif.isLittleEndian = isLittleEndian
        exif.image = [.init(0x010F, count: 4), .init(0x0112, value: orientation)]
        exif.gps = [.init(2, count: 3)]
        return exif
    }

    private static func minimal(_ orientation: UInt8) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
            + [0, 0, 0, 0]
    }

    @Test(arguments: 1...9 as ClosedRange<UInt8>, [false, true])
    func `the orientation stays as the only entry, where it turns the picture`(
        _ orientation: UInt8, _ isLittleEndian: Bool
    ) throws {
        let exif = Self.exif(UInt32(orientation), isLittleEndian: isLittleEndian)
        let turns = (2...8).contains(orientation)
        let (photo, found) = try stripped(
            TestJPEG.baseline.parts
                .inserting(.segment(marker: 0xE1, payload: exif.segment), before: 0xDB).bytes)
        let app1 = JPEGParts.Piece.segment(
            marker: 0xE1, payload: Array("Exif\0\0".utf8) + Self.minimal(orientation))
        let plain = TestJPEG.baseline.parts
        #expect(photo == (turns ? plain.inserting(app1, before: 0xDB) : plain).bytes)
        #expect(found.verdict.flags == [])
        #expect(try accepted(photo).verdict.flags == [])
        let drawing = try stripped(
            TestPNG.color.parts.inserting(.init("eXIf", exif.bytes), before: "IDAT").bytes
        ).bytes
        let chunk = PNGParts.Chunk("eXIf", Self.minimal(orientation))
        let still = TestPNG.color.parts
        #expect(drawing == (turns ? still.inserting(chunk, before: "IDAT") : still).bytes)
    }

    @Test func `a number of 16 bits is read in its own byte order, and the first block counts`()
        throws
    {
        let short: [UInt8] =
            [
                0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0,
                0,
            ]
        let payload = Array("Exif\0\0".utf8) + short
        let other = Self.exif(3, isLittleEndian: false).segment
        let image = TestJPEG.baseline.parts
            .inserting(.segment(marker: 0xE1, payload: payload), before: 0xDB)
            .inserting(.segment(marker: 0xE1, payload: other), before: 0xDB)
        let expected = TestJPEG.baseline.parts.inserting(
            .segment(marker: 0xE1, payload: Array("Exif\0\0".utf8) + Self.minimal(6)),
            before: 0xDB)
        #expect(try stripped(image.bytes).bytes == expected.bytes)
    }

    @Test func `a block that ends with its only entry gets no longer`() throws {
        let cut = Array("Exif\0\0".utf8) + Self.minimal(8).dropLast(4)
        let image = TestJPEG.baseline.parts
            .inserting(.segment(marker: 0xE1, payload: cut), before: 0xDB).bytes
        #expect(try stripped(image).bytes == image)
    }

    // MARK: What follows the image

    @Test func `pictures and bytes behind the image go`() throws {
        let image = TestJPEG.baseline.bytes
        for tail in [TestJPEG.gray.bytes, [0, 0, 0], [0xFF, 0xFF]] {
            let (left, inspection) = try stripped(image + tail)
            #expect(left == image)
            #expect(inspection.transformed == [.metadataStripped])
        }
        let (left, inspection) = try stripped(image + Self.secret)
        #expect(left == image)
        #expect(inspection.transformed == [.trailerTruncated])
        #expect(inspection.verdict.findings.map(\.code) == [.trailerData])
    }

    @Test func `stripping excuses no trailer that the policy refuses`() {
        let strict = policy { $0.metadata = .strip }
        let bytes = TestJPEG.baseline.bytes + Self.secret
        #expect(refusal(of: bytes, policy: strict)?.finding.code == .trailerData)
    }
}
