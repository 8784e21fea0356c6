// What holds for every upload, sound or not: no trap, one verdict, a stored prefix that is sound by
// itself. The seed is printed; IMAGEVAULT_TEST_SEED repeats a run.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

struct InspectorPropertyTests {
    /// Images in which every parser has something to read.
    static let images: [[UInt8]] = [
        TestJPEG.baseline.bytes, TestJPEG.progressive.bytes, TestJPEG.restarting.bytes,
        JPEGTrailerTests.multiPicture(), JPEGTrailerTests.samsung(),
        JPEGTrailerTests.motionPhoto(announced: true), rich, TestPNG.palette.bytes,
        TestPNG.interlaced.bytes, TestPNG.animated.bytes, richPNG,
        HiddenContent.inComment(TestArchive.zip),
        HiddenContent.inComment(TestArchive.portableExecutable),
    ]

    private static var exif: TestEXIF {
        var exif = TestEXIF()
        exif.exif = [.init(0x927C, count: 40), .init(0xA431, count: 9)]
        exif.gps = [.init(0x0002, count: 3)]
        exif.thumbnail = [.init(0x0201, value: 200)]
        return exif
    }

    private static let rich = TestJPEG.baseline.parts
        .inserting(.segment(marker: 0xE1, payload: exif.segment), before: 0xDB)
        .commented("a comment of some length").bytes

    private static let richPNG = TestPNG.color.parts
        .inserting(.init("eXIf", exif.bytes), before: "IDAT")
        .inserting(.init("zTXt", [65, 0, 0] + TestPNG.zlib([66])), before: "IDAT")
        .inserting(.init("iTXt", [65, 0, 1, 0, 0, 0] + TestPNG.zlib([66])), before: "IDAT").bytes

    @Test func `any mutation of an image gets one verdict and a sound prefix`() {
        var random = SeededRandom()
        for image in Self.images {
            for _ in 0..<400 {
                var bytes = image
                for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
                check(bytes)
                if let repaired = repaired(bytes) { check(repaired) }
            }
        }
    }

    @Test func `any truncation of an image gets one verdict and a sound prefix`() {
        for image in Self.images {
            for length in 0..<min(image.count, 1_500) { check(Array(image.prefix(length))) }
        }
    }

    @Test func `noise after a signature gets one verdict`() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let noise = random.bytes(Int.random(in: 0...200, using: &random))
            check([0xFF, 0xD8, 0xFF] + noise)
            check(PNGParts.signature + noise)
            check(noise)
        }
    }

    @Test func `any name gets one verdict`() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let name = random.text(of: "a./\\\u{0}\u{202E}jpgn é", 0...300)
            #expect(UploadNameTests.refusal(of: name) == UploadNameTests.refusal(of: name))
            guard let kept = try? UploadName(name) else { continue }
            #expect(!kept.text.contains("/") && kept.text.contains("."))
            #expect((try? UploadName(kept.text)) == kept)
        }
    }

    private func check(_ bytes: [UInt8]) {
        let first = Result(catching: { () throws(InspectionRefusal) in
            try accepted(bytes, policy: truncating)
        })
        let second = Result(catching: { () throws(InspectionRefusal) in
            try accepted(bytes, policy: truncating)
        })
        #expect(first == second)
        switch first {
        case .failure(let refusal):
            #expect((refusal.finding.offset ?? 0) <= UInt64(bytes.count))
        case .success(let inspection):
            #expect((1...bytes.count).contains(inspection.stored.byteCount))
            let kept = Array(bytes.prefix(inspection.stored.byteCount))
            let again = try? accepted(kept)
            #expect(again?.stored.byteCount == kept.count)
            #expect(again?.verdict.findings == [])
            checkStripping(bytes)
        }
    }

    /// What is left of any accepted upload is accepted as it is, and has nothing left to strip.
    private func checkStripping(_ bytes: [UInt8]) {
        guard let plan = try? accepted(bytes, policy: stripping).stored else {
            Issue.record("stripping changes no verdict")
            return
        }
        #expect(plan.movesNothingBack(in: bytes))
        let kept = plan.applied(to: bytes)
        do throws(InspectionRefusal) {
            let again = try accepted(kept, policy: stripping)
            #expect(again.transformed == [])
            #expect(again.stored.applied(to: kept) == kept)
        } catch {
            // What does harm only in its place can come there; then nothing is stored.
            let movable: [FindingCode] = [.jpegScriptLength, .hiddenDocument, .hiddenArchive]
            #expect(movable.contains(error.finding.code))
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        default:
            let end = min(place + Int.random(in: 1...64, using: &random), bytes.count)
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
    }

    /// A mutated PNG with right checksums, so that the mutation is seen behind them.
    private func repaired(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.starts(with: PNGParts.signature) else { return nil }
        var bytes = bytes
        var offset = 8
        while offset + 12 <= bytes.count {
            let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= bytes.count - offset - 12 else { break }
            let end = offset + 8 + length
            let checksum = TestChecksum.crc32(Array(bytes[offset + 4..<end]))
            bytes.replaceSubrange(end..<end + 4, with: PNGParts.bigEndian(checksum))
            offset = end + 4
        }
        return bytes
    }
}
