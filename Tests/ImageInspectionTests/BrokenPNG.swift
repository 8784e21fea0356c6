// One file a rule of the PNG walk: a sound image from the generator with one failure.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

enum BrokenPNG {
    private static let sound = TestPNG.color.parts
    private static let palette = TestPNG.palette.parts
    private static let animated = TestPNG.animated.parts

    static let all = chunks + headers + orders + contents + data + animations

    static let chunks: [Broken] = [
        Broken(.pngTruncated, "cut in a chunk", Array(sound.bytes.dropLast(20))),
        Broken(.pngTruncated, "cut in the last checksum", Array(sound.bytes.dropLast(1))),
        Broken(.pngTruncated, "no IEND", sound.removing("IEND").bytes),
        Broken(.pngTruncated, "a signature alone", PNGParts.signature),
        Broken(
            .pngChunkLength, "a length above 2^31 - 1",
            sound.changing("IDAT") { $0.length = 0x8000_0000 }.bytes),
        Broken(
            .pngChunkType, "a type with a digit",
            sound.inserting(.init("te1t", []), before: "IDAT").bytes),
        Broken(
            .pngChunkType, "the reserved bit",
            sound.inserting(.init("teft", []), before: "IDAT").bytes),
        Broken(
            .pngCRC, "a wrong checksum of the header",
            sound.changing("IHDR") { $0.checksum = 1 }.bytes),
        Broken(
            .pngCRC, "a wrong checksum of an ancillary chunk",
            sound.inserting(.init("tEXt", [65, 0], checksum: 1), before: "IDAT").bytes),
        Broken(
            .pngCriticalUnknown, "an unknown critical chunk",
            sound.inserting(.init("ABCD", []), before: "IDAT").bytes),
        Broken(.pngChunks, "2,001 chunks beside the data", manyChunks("tEXt", 2_001)),
        Broken(.pngChunks, "100,001 chunks of data", manyChunks("IDAT", 100_001)),
        Broken(
            .metadataTooLarge, "more metadata than the policy allows",
            sound.inserting(.init("prVt", [UInt8](repeating: 65, count: 101)), before: "IDAT")
                .bytes,
            policy: policy { $0.maxMetadataBytes = 100 }),
        Broken(.trailerData, "a byte after IEND", sound.bytes + [0]),
        Broken(
            .trailerData, "a byte after IEND, though trailers may be cut", sound.bytes + [0],
            policy: truncating),
    ]

    static let headers: [Broken] = [
        Broken(
            .pngHeaderMissing, "another chunk first",
            sound.inserting(.init("tEXt", [65, 0]), before: "IHDR").bytes),
        Broken(
            .pngHeader, "a header of 12 bytes",
            sound.changing("IHDR") { $0.content.removeLast() }.bytes),
        Broken(.pngHeader, "compression method 1", header(10, 1)),
        Broken(.pngHeader, "filter method 1", header(11, 1)),
        Broken(.pngHeader, "interlace method 2", header(12, 2)),
        Broken(.pngColor, "colour type 5", header(9, 5)),
        Broken(.pngColor, "colour of 4 bits", header(8, 4)),
        Broken(.dimensionsZero, "width 0", header(3, 0)),
        Broken(.dimensionsAbsurd, "2^31 pixels across", header(0, 128)),
        Broken(
            .dimensionsAbsurd, "one pixel more than the policy allows", sound.bytes,
            policy: policy { $0.maxPixels = 20 * 12 - 1 }),
    ]

    static let orders: [Broken] = [
        Broken(
            .pngChunkRepeated, "a second header",
            sound.inserting(sound.chunks[0], before: "IDAT").bytes),
        Broken(
            .pngChunkRepeated, "a second palette",
            palette.inserting(palette.chunks[1], before: "IDAT").bytes),
        Broken(
            .pngChunkRepeated, "a second gamma",
            sound.inserting(.init("gAMA", [0, 0, 0, 1]), before: "IDAT")
                .inserting(.init("gAMA", [0, 0, 0, 1]), before: "IDAT").bytes),
        Broken(
            .pngChunkOrder, "a palette after the data",
            sound.inserting(.init("PLTE", [1, 2, 3]), before: "IEND").bytes),
        Broken(
            .pngChunkOrder, "a palette after the transparency that needs it",
            sound.inserting(.init("tRNS", [0, 1, 0, 1, 0, 1]), before: "IDAT")
                .inserting(.init("PLTE", [1, 2, 3]), before: "IDAT").bytes),
        Broken(
            .pngChunkOrder, "an animation announced after the data",
            sound.inserting(.init("acTL", [0, 0, 0, 1, 0, 0, 0, 0]), before: "IEND").bytes),
    ]

    static let contents: [Broken] = [
        Broken(
            .pngChunkSize, "IEND with content",
            sound.changing("IEND") { $0.content = [0] }.bytes),
        Broken(
            .pngChunkSize, "a gamma of 3 bytes",
            sound.inserting(.init("gAMA", [0, 0, 1]), before: "IDAT").bytes),
        Broken(
            .pngChunkSize, "a background of 7 bytes",
            sound.inserting(.init("bKGD", [0, 0, 0, 0, 0, 0, 0]), before: "IDAT").bytes),
        Broken(
            .pngChunkSize, "more transparencies than colours",
            palette.inserting(.init("tRNS", [UInt8](repeating: 0, count: 17)), before: "IDAT").bytes
        ),
        Broken(.pngPalette, "no palette", palette.removing("PLTE").bytes),
        Broken(
            .pngPalette, "a palette of 7 bytes",
            palette.changing("PLTE") { $0.content = [1, 2, 3, 4, 5, 6, 7] }.bytes),
        Broken(
            .pngPalette, "more colours than the depth can name",
            palette.changing("PLTE") { $0.content += [1, 2, 3] }.bytes),
        Broken(.pngPalette, "a palette for a grey picture", grayWithPalette()),
        Broken(
            .pngText, "a compressed text without a keyword's end",
            sound.inserting(.init("zTXt", text: "Comment"), before: "IDAT").bytes),
        Broken(
            .pngText, "an unknown compression of text",
            sound.inserting(
                .init("zTXt", [65, 0, 1] + TestPNG.zlib([66])), before: "IDAT"
            ).bytes),
        Broken(
            .pngText, "a compression flag of 2",
            sound.inserting(.init("iTXt", [65, 0, 2, 0, 0, 0, 66]), before: "IDAT").bytes),
    ]

    static let data: [Broken] = [
        Broken(.pngDataMissing, "no data", sound.removing("IDAT").bytes),
        Broken(.pngDataSplit, "a chunk between the data", split()),
        Broken(
            .pngDataShort, "seven bytes of data",
            sound.changing("IDAT") { $0.content = Array($0.content.prefix(7)) }.bytes),
        Broken(
            .pngDataShort, "more pixels than the data can expand to",
            sound.changing("IHDR") {
                $0.content[2...3] = [4, 0]; $0.content[6...7] = [16, 0]
            }.bytes),
        Broken(
            .pngZlibHeader, "wrong check bits",
            sound.changing("IDAT") { $0.content[1] ^= 1 }.bytes),
        Broken(
            .pngZlibHeader, "a preset dictionary",
            sound.changing("IDAT") { $0.content[0...1] = [0x78, 0x20] }.bytes),
        Broken(
            .pngZlibHeader, "a compressed text that is none",
            sound.inserting(
                .init("zTXt", Array("A\u{0}\u{0}plain text".utf8)), before: "IDAT"
            ).bytes),
    ]

    static let animations: [Broken] = [
        Broken(
            .pngAnimationNotAllowed, "an animation where still images are asked for",
            animated.bytes, policy: policy { $0.allowsAnimation = false }),
        Broken(
            .pngAnimation, "a frame outside the canvas",
            frame { $0.content[15] = 1 }.bytes),
        Broken(.pngAnimation, "a frame of no width", frame { $0.content[7] = 0 }.bytes),
        Broken(.pngAnimation, "a number left out", frame { $0.content[3] = 9 }.bytes),
        Broken(
            .pngAnimation, "fewer frames than announced",
            animated.changing("acTL") { $0.content[3] = 9 }.bytes),
        Broken(
            .pngAnimation, "no frame announced",
            animated.changing("acTL") { $0.content[3] = 0 }.bytes),
        Broken(.pngAnimation, "frames without an announcement", animated.removing("acTL").bytes),
        Broken(
            .pngAnimation, "frame data without a frame",
            sound.inserting(.init("acTL", [0, 0, 0, 1, 0, 0, 0, 0]), before: "IDAT")
                .inserting(.init("fdAT", [0, 0, 0, 0, 1]), before: "IEND").bytes),
        Broken(
            .dimensionsAbsurd, "frames that sum up beyond the policy", animated.bytes,
            policy: policy { $0.maxDecodedPixels = 3 * 20 * 12 - 1 }),
        Broken(.dimensionsAbsurd, "frames that inflate to more than a gigabyte", deepFrames()),
    ]

    /// The sound image with one byte of its header changed.
    private static func header(_ index: Int, _ value: UInt8) -> [UInt8] {
        sound.changing("IHDR") { $0.content[index] = value }.bytes
    }

    private static func manyChunks(_ type: String, _ count: Int) -> [UInt8] {
        var parts = sound
        let chunk = PNGParts.Chunk(type, type == "IDAT" ? [] : [65, 0])
        let index = parts.chunks.firstIndex { $0.type == "IDAT" } ?? 1
        parts.chunks.insert(contentsOf: Array(repeating: chunk, count: count), at: index)
        return parts.bytes
    }

    private static func grayWithPalette() -> [UInt8] {
        var image = TestPNG()
        image.colorType = 0
        return image.parts.inserting(.init("PLTE", [1, 2, 3]), before: "IDAT").bytes
    }

    private static func split() -> [UInt8] {
        var image = TestPNG()
        image.dataChunks = 2
        var parts = image.parts
        parts.chunks.insert(.init("tEXt", [65, 0]), at: parts.chunks.count - 2)
        return parts.bytes
    }

    /// Three frames of 49 million pixels of 16-bit colour, by their headers alone.
    private static func deepFrames() -> [UInt8] {
        let side = PNGParts.bigEndian(7_000)
        var parts = animated.changing("IHDR") {
            $0.content.replaceSubrange(0..<10, with: side + side + [16, 6])
        }
        for index in parts.chunks.indices where parts.chunks[index].type == "fcTL" {
            parts.chunks[index].content.replaceSubrange(4..<12, with: side + side)
        }
        return parts.bytes
    }

    /// The animation with its second frame's control changed.
    private static func frame(_ change: (inout PNGParts.Chunk) -> Void) -> PNGParts {
        var parts = animated
        if let index = parts.chunks.lastIndex(where: { $0.type == "fcTL" }) {
            change(&parts.chunks[index])
        }
        return parts
    }
}

struct BrokenPNGTests {
    @Test(arguments: [TestPNG.color, .palette, .interlaced, .animated])
    func `a sound PNG is accepted as it came`(_ image: TestPNG) throws {
        let inspection = try accepted(image.bytes)
        #expect(inspection.type == .png)
        #expect(inspection.width == image.width)
        #expect(inspection.height == image.height)
        #expect(inspection.stored.byteCount == image.bytes.count)
        #expect(inspection.verdict.findings.isEmpty)
    }

    @Test(arguments: BrokenPNG.all)
    func `a PNG with one failure is refused by its code`(_ broken: Broken) {
        let refused = refusal(of: broken.bytes, policy: broken.policy)
        #expect(refused?.finding.code == broken.code)
        #expect(refused?.type == .png)
    }

    @Test(arguments: [
        (0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8),
        (4, 8), (4, 16), (6, 8), (6, 16),
    ])
    func `the inflated size follows from type, depth, size and interlacing`(
        _ colorType: Int, _ depth: Int
    ) throws {
        for (width, height) in [(1, 1), (3, 5), (1, 9), (5, 1), (20, 12)] {
            for isInterlaced in [false, true] {
                var image = TestPNG()
                (image.colorType, image.depth) = (colorType, depth)
                (image.width, image.height, image.isInterlaced) = (width, height, isInterlaced)
                var random = TestRandom(seed: 1)
                let expected = image.rows(&random).count
                guard case .png(let facts) = try accepted(image.bytes).facts else {
                    Issue.record("no PNG facts")
                    return
                }
                #expect(facts.inflatedBytes == expected)
                #expect(facts.isInterlaced == isInterlaced)
            }
        }
    }

    @Test func `the facts locate all data and every compressed text`() throws {
        var image = TestPNG.animated
        image.dataChunks = 3
        let stream = TestPNG.zlib(Array("text".utf8))
        let bytes = image.parts
            .inserting(.init("zTXt", [65, 0, 0] + stream), before: "IDAT")
            .inserting(.init("iTXt", [65, 0, 1, 0, 0, 0] + stream), before: "IEND")
            .inserting(.init("iCCP", [65, 0, 0] + stream), before: "IDAT").bytes
        guard case .png(let facts) = try accepted(bytes).facts else {
            Issue.record("no PNG facts")
            return
        }
        #expect(facts.data.count == 3)
        #expect(facts.frames.count == 2)
        #expect(facts.frames.allSatisfy { $0.inflatedBytes == facts.inflatedBytes })
        #expect(facts.compressed.map(\.kind) == [.text, .profile, .text])
        for part in facts.compressed {
            #expect(Array(bytes[part.offset..<part.offset + part.length]) == stream)
        }
        let first = try #require(facts.data.first)
        #expect(Array(bytes[first.offset..<first.offset + 2]) == [0x78, 0x01])
    }

    @Test func `a damaged colour profile does not refuse the picture`() {
        let parts = TestPNG.color.parts
        let damaged = parts.inserting(.init("iCCP", Array("A\u{0}\u{0}none".utf8)), before: "IDAT")
        #expect(refusal(of: damaged.bytes) == nil)
    }
}
