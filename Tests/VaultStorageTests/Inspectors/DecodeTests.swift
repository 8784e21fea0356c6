// Level `decode` through the real worker: each image is wrong in one way, and the answer names it.

import Testing
import VaultFormat

@testable import VaultStorage

@Suite struct DecodeTests {
    private static func decode(
        _ bytes: [UInt8], _ type: ImageType = .png, policy: InspectionPolicy = .default
    ) async throws -> WorkerAnswer {
        try await withPool(concurrency: 1, spares: 0) {
            try await $0.examine(bytes, type: type, policy: policy, namespace: "a")
        }
    }

    @Test(arguments: [DecodeSamples.jpeg, DecodeSamples.progressiveJPEG])
    func aSoundJPEGIsSound(_ bytes: [UInt8]) async throws {
        let answer = try await Self.decode(bytes, .jpeg)
        #expect(answer.decode == .sound)
        #expect(answer.outcome == .sound)
        #expect(answer.measures.pixels == 256)
    }

    @Test func aWarningOfTheJPEGDecoderIsARefusal() async throws {
        let answer = try await Self.decode(DecodeSamples.jpegWithForeignBytes, .jpeg)
        #expect(answer.decode == .jpegDamaged)
        #expect(answer.outcome == .decodeRefused)
    }

    @Test func theDecoderMeetsOnlyWhatTheWalkAccepts() async throws {
        let truncated = Array(DecodeSamples.jpeg.dropLast(2))
        #expect(try await Self.decode(truncated, .jpeg).decode == .structureRefused)
    }

    @Test func thePolicysPixelsBoundTheDecoderToo() async throws {
        var policy = InspectionPolicy.default
        policy.maxPixels = 255
        let answer = try await Self.decode(DecodeSamples.jpeg, .jpeg, policy: policy)
        #expect(answer.outcome == .decodeRefused)
    }

    @Test(arguments: [SamplePNG(), SamplePNG(isInterlaced: true), SamplePNG(parts: 7)])
    func aSoundPNGIsSound(_ png: SamplePNG) async throws {
        let answer = try await Self.decode(png.bytes)
        #expect(answer.decode == .sound)
        #expect(answer.measures.inflatedBytes == (png.isInterlaced ? 118 : 108))
    }

    static let wrongPNGs: [(SamplePNG, DecodeOutcome)] = [
        (SamplePNG(extraPixels: -1), .pixelsTooFew),
        (SamplePNG(extraPixels: 1), .pixelsTooMany),
        (SamplePNG(extraPixels: 1_000_000), .pixelsTooMany),
        (SamplePNG(isInterlaced: true, extraPixels: -1), .pixelsTooFew),
        (SamplePNG(isInterlaced: true, extraPixels: 1), .pixelsTooMany),
        (SamplePNG(filter: 5), .unknownFilter),
        (SamplePNG(isInterlaced: true, filter: 5), .unknownFilter),
        (SamplePNG(adlerIsWrong: true), .pixelsDamaged),
        (SamplePNG(afterStream: [0]), .bytesAfterPixels),
        (SamplePNG(afterStream: [0], parts: 3), .bytesAfterPixels),
    ]

    @Test(arguments: wrongPNGs)
    func pixelsInflateToExactlyTheirSize(_ png: SamplePNG, _ outcome: DecodeOutcome) async throws {
        #expect(try await Self.decode(png.bytes).decode == outcome)
    }

    /// 258 k + 1 rows of 259 bytes are one byte and a whole number of runs: with 375 the pixels are
    /// inflated in one go, with 377 they are too large for that.
    @Test(
        arguments: [375, 377],
        [(0, DecodeOutcome.sound), (-1, .pixelsTooFew), (1, .pixelsTooMany)])
    func largePixelsAreJudgedTheSameInOneGoAndThroughAWindow(
        _ factor: Int, _ extra: (runs: Int, outcome: DecodeOutcome)
    ) async throws {
        let rows = 258 * factor + 1
        #expect((rows * 259 <= Limits.workerWholeInflatedBytes) == (factor == 375))
        let runs = (rows * 259 - 1) / 258
        let answer = try await Self.decode(SamplePNG.black(rows: rows, runs: runs + extra.runs))
        #expect(answer.decode == extra.outcome)
        #expect(answer.measures.peakMemoryKiB < 64 << 10)
    }

    static let texts: [([UInt8], DecodeOutcome)] = [
        (SamplePNG.compressedText(Array("A view of the harbour, in May.".utf8)), .sound),
        (SamplePNG.compressedText(Array("caption <script>alert(1)</script>".utf8)), .textHidden),
        (SamplePNG.zippedText(bomb), .textTooLong),
        (SamplePNG.zippedText(brokenStream), .textDamaged),
    ]

    private static func profile(_ stream: [UInt8]) -> [UInt8] {
        SamplePNG.chunk("iCCP", Array("sRGB".utf8) + [0, 0] + stream)
    }

    static let profiles: [([UInt8], DecodeOutcome)] = [
        (profile(SamplePNG.zlib([1, 2, 3])), .sound),
        (profile(brokenStream), .sound),
        (profile([1, 2, 3]), .sound),
        (profile(SamplePNG.zlib([1, 2, 3]) + [0]), .sound),
        (profile(SamplePNG.zlib(Array("a <script> in it".utf8), adlerIsWrong: true)), .textHidden),
        (profile(bomb), .textTooLong),
    ]

    @Test(arguments: profiles)
    func aDamagedProfileRefusesNothingButIsSearchedAsFarAsItGoes(
        _ chunk: [UInt8], _ outcome: DecodeOutcome
    ) async throws {
        #expect(try await Self.decode(SamplePNG(chunksBefore: [chunk]).bytes).decode == outcome)
    }

    private static let bomb = SamplePNG.bomb(runs: Limits.workerTextBytes / 258 + 1)
    private static let brokenStream = Array(SamplePNG.zlib([1, 2, 3, 4, 5, 6, 7, 8]).dropLast(2))

    @Test(arguments: texts)
    func compressedTextIsInflatedAndSearched(_ chunk: [UInt8], _ outcome: DecodeOutcome)
        async throws
    {
        #expect(try await Self.decode(SamplePNG(chunksBefore: [chunk]).bytes).decode == outcome)
    }

    @Test(arguments: [0, -1, 1])
    func eachFrameOfAnAnimationInflatesToItsSize(_ extra: Int) async throws {
        let frame = SamplePNG.zlib([UInt8](repeating: 0, count: 3 * 2 + 2 + extra))
        let control =
            SamplePNG.be32(0) + SamplePNG.be32(3) + SamplePNG.be32(2) + SamplePNG.be32(0)
            + SamplePNG.be32(0) + [0, 1, 0, 1, 0, 0]
        let png = SamplePNG(
            chunksBefore: [SamplePNG.chunk("acTL", SamplePNG.be32(1) + SamplePNG.be32(0))],
            chunksAfter: [
                SamplePNG.chunk("fcTL", control),
                SamplePNG.chunk("fdAT", SamplePNG.be32(1) + frame),
            ])
        let outcome: DecodeOutcome =
            extra == 0 ? .sound : extra < 0 ? .pixelsTooFew : .pixelsTooMany
        #expect(try await Self.decode(png.bytes).decode == outcome)
    }
}
