// One file a rule of the JPEG walk: a sound image from the generator with one failure.

import ImageInspection
import Testing
import VaultFormat
import VaultTestKit

enum BrokenJPEG {
    private static let sound = TestJPEG.baseline.parts
    private static let gray = TestJPEG.gray.parts
    private static let progressive = TestJPEG.progressive.parts
    private static let restarting = TestJPEG.restarting.parts

    static let all = segments + frames + tables + scans

    static let segments: [Broken] = [
        Broken(.jpegTruncated, "cut in a segment", Array(sound.bytes.prefix(60))),
        Broken(.jpegTruncated, "cut in the data", Array(sound.bytes.dropLast(9))),
        Broken(.jpegTruncated, "no end marker", Array(sound.bytes.dropLast(2))),
        Broken(
            .jpegTruncated, "a segment longer than the file",
            sound.inserting(.segment(marker: 0xE5, payload: [], length: 65_535), before: 0xDB).bytes
        ),
        Broken(
            .jpegExtraneous, "bytes between segments",
            sound.inserting(.raw([0, 1]), before: 0xDB).bytes),
        Broken(
            .jpegExtraneous, "a stuffed byte between segments",
            sound.inserting(.raw([0xFF, 0]), before: 0xDB).bytes),
        Broken(
            .jpegSegmentLength, "a length of 0",
            sound.inserting(.segment(marker: 0xE5, payload: [], length: 0), before: 0xDB).bytes),
        Broken(
            .jpegSegmentLength, "a length of 1",
            sound.inserting(.segment(marker: 0xE5, payload: [], length: 1), before: 0xDB).bytes),
        Broken(
            .jpegSegmentLength, "a restart interval of three bytes",
            restarting.changing(0xDD) { $0.append(0) }.bytes),
        Broken(
            .jpegSegmentLength, "a frame header with a byte too many",
            sound.changing(0xC0) { $0.append(0) }.bytes),
        Broken(.jpegSegments, "2,001 segments", manyComments(2_001)),
        Broken(.jpegScriptLength, "the first length reads as /*", firstLength(0x2F2A)),
        Broken(.jpegScriptLength, "the first length reads as //", firstLength(0x2F2F)),
        Broken(
            .jpegMarker, "a reserved marker",
            sound.inserting(.marker(0x02), before: 0xDB).bytes),
        Broken(
            .jpegMarker, "application data after the first scan",
            sound.inserting(.segment(marker: 0xE5, payload: [1]), before: 0xD9).bytes),
        Broken(
            .jpegMarker, "a number of lines after the first scan",
            sound.inserting(.segment(marker: 0xDC, payload: [0, 24]), before: 0xD9).bytes),
        Broken(
            .jpegSecondStart, "a second start marker",
            sound.inserting(.marker(0xD8), before: 0xDB).bytes),
        Broken(
            .metadataTooLarge, "more metadata than the policy allows",
            sound.commented([UInt8](repeating: 0x41, count: 101)).bytes,
            policy: policy { $0.maxMetadataBytes = 100 }),
    ]

    static let frames: [Broken] = [
        Broken(.jpegProcess, "lossless coding", sound.renaming(0xC0, to: 0xC3).bytes),
        Broken(.jpegProcess, "arithmetic coding", sound.renaming(0xC0, to: 0xC9).bytes),
        Broken(.jpegProcess, "JPEG-LS", sound.renaming(0xC0, to: 0xF7).bytes),
        Broken(.jpegFrameMissing, "a scan without a frame", sound.removing(0xC0).bytes),
        Broken(.jpegFrameMissing, "an end without a frame", [0xFF, 0xD8, 0xFF, 0xD9]),
        Broken(
            .jpegFrameRepeated, "two frames",
            sound.inserting(gray.pieces[3], before: 0xC4).bytes),
        Broken(.jpegPrecision, "12 bits", sound.changing(0xC0) { $0[0] = 12 }.bytes),
        Broken(.dimensionsZero, "width 0", sound.changing(0xC0) { $0[3...4] = [0, 0] }.bytes),
        Broken(.dimensionsZero, "height 0", sound.changing(0xC0) { $0[1...2] = [0, 0] }.bytes),
        Broken(
            .dimensionsAbsurd, "4 Gpx",
            sound.changing(0xC0) { $0[1...4] = [255, 255, 255, 255] }.bytes),
        Broken(
            .dimensionsAbsurd, "one pixel more than the policy allows", sound.bytes,
            policy: policy { $0.maxPixels = 40 * 24 - 1 }),
        Broken(
            .jpegComponents, "two components",
            sound.changing(0xC0) { $0 = Array($0.prefix(5)) + [2] + $0[6..<12] }.bytes),
        Broken(
            .jpegComponents, "five components",
            sound.changing(0xC0) {
                $0 = Array($0.prefix(5)) + [5] + $0[6...] + [4, 17, 0, 5, 17, 0]
            }
            .bytes),
        Broken(
            .jpegComponents, "two components of one name",
            sound.changing(0xC0) { $0[9] = 1 }.bytes),
        Broken(.jpegSampling, "a factor of 0", sound.changing(0xC0) { $0[7] = 0x02 }.bytes),
        Broken(.jpegSampling, "a factor of 5", sound.changing(0xC0) { $0[7] = 0x25 }.bytes),
        Broken(
            .jpegSampling, "more than 10 blocks in a unit",
            sound.changing(0xC0) { $0[7] = 0x44 }.bytes),
    ]

    static let tables: [Broken] = [
        Broken(
            .jpegQuantization, "a table cut short",
            sound.changing(0xDB) { $0.removeLast() }.bytes),
        Broken(
            .jpegQuantization, "a table of destination 4",
            sound.changing(0xDB) { $0[0] = 4 }.bytes),
        Broken(.jpegQuantization, "an element of 0", sound.changing(0xDB) { $0[9] = 0 }.bytes),
        Broken(
            .jpegQuantization, "a component with table 4",
            sound.changing(0xC0) { $0[8] = 4 }.bytes),
        Broken(.jpegHuffman, "a table cut short", sound.changing(0xC4) { $0.removeLast() }.bytes),
        Broken(
            .jpegHuffman, "a table with a byte too many",
            sound.changing(0xC4) { $0.append(0) }.bytes),
        Broken(
            .jpegHuffman, "more words than fit",
            sound.changing(0xC4) {
                $0[1] = 3; $0 += [0, 1, 2]
            }.bytes),
        Broken(
            .jpegHuffman, "the word of all ones",
            sound.changing(0xC4) {
                $0[3] = 8; $0 += [4, 5, 6, 7]
            }.bytes),
        Broken(
            .jpegHuffman, "a DC size above 15",
            sound.changing(0xC4) { $0[20] = 16 }.bytes),
        Broken(.jpegTableMissing, "no quantization table", sound.removing(0xDB).bytes),
        Broken(.jpegTableMissing, "no DC table", sound.removing(0xC4).bytes),
        Broken(
            .jpegTableMissing, "an AC table nobody defined",
            sound.changing(0xDA) { $0[2] = 0x01 }.bytes),
    ]

    static let scans: [Broken] = [
        Broken(
            .jpegScanHeader, "an unknown component",
            sound.changing(0xDA) { $0[1] = 9 }.bytes),
        Broken(.jpegScanHeader, "a component twice", sound.changing(0xDA) { $0[3] = 1 }.bytes),
        Broken(
            .jpegScanHeader, "a header cut short",
            sound.changing(0xDA) { $0.removeLast() }.bytes),
        Broken(
            .jpegProgression, "a sequential scan of a band",
            sound.changing(0xDA) { $0[8] = 10 }.bytes),
        Broken(
            .jpegProgression, "DC and AC together",
            progressive.changing(0xDA) { $0[8] = 5 }.bytes),
        Broken(
            .jpegProgression, "a refinement of nothing",
            progressive.changing(0xDA) { $0[9] = 0x10 }.bytes),
        Broken(.jpegProgression, "a band before its DC", withoutFirstScan(progressive)),
        Broken(.jpegProgression, "a component coded twice", repeatedScan(gray)),
        Broken(.jpegScanMissing, "no scan", withoutFirstScan(gray)),
        Broken(.jpegScanMissing, "a component without a scan", oneOfThree()),
        Broken(.jpegScanShort, "no data", gray.changingData { $0 = [] }.bytes),
        Broken(
            .jpegScanShort, "less data than two bits a block",
            gray.changing(0xC0) { $0[1...4] = [16, 0, 16, 0] }.bytes),
        Broken(
            .jpegScans, "one scan more than the policy allows", progressive.bytes,
            policy: policy { $0.maxScans = 3 }),
        Broken(
            .jpegScanCost, "scans times pixels above the policy", progressive.bytes,
            policy: policy { $0.maxDecodedPixels = 4 * 40 * 24 - 1 }),
        Broken(
            .jpegRestart, "a restart marker outside a scan",
            sound.inserting(.marker(0xD0), before: 0xDB).bytes),
        Broken(
            .jpegRestart, "restart markers without an interval", restarting.removing(0xDD).bytes),
        Broken(
            .jpegRestart, "restart markers out of order",
            restarting.changingData { data in
                if let index = data.indices.first(where: {
                    data[$0] == 0xFF && data[$0 + 1] == 0xD0
                }) {
                    data[index + 1] = 0xD1
                }
            }.bytes),
        Broken(
            .jpegRestart, "fewer restart markers than intervals",
            restarting.changing(0xDD) { $0 = [0, 1] }.bytes),
    ]

    private static func manyComments(_ count: Int) -> [UInt8] {
        var parts = sound
        parts.pieces.insert(
            contentsOf: Array(repeating: .segment(marker: 0xFE, payload: []), count: count), at: 2)
        return parts.bytes
    }

    private static func firstLength(_ length: Int) -> [UInt8] {
        var parts = sound
        let payload = [UInt8](repeating: 0x20, count: length - 2)
        parts.pieces[1] = .segment(marker: 0xE0, payload: payload)
        return parts.bytes
    }

    private static func withoutFirstScan(_ parts: JPEGParts) -> [UInt8] {
        var parts = parts
        if let index = parts.index(of: 0xDA) { parts.pieces.removeSubrange(index...index + 1) }
        return parts.bytes
    }

    private static func repeatedScan(_ parts: JPEGParts) -> [UInt8] {
        var parts = parts
        if let index = parts.index(of: 0xDA) {
            parts.pieces.insert(contentsOf: parts.pieces[index...index + 1], at: index)
        }
        return parts.bytes
    }

    /// A frame of three components whose only scan codes the first.
    private static func oneOfThree() -> [UInt8] {
        sound.changing(0xDA) { $0 = [1, 1, 0, 0, 63, 0] }.bytes
    }
}

struct BrokenJPEGTests {
    @Test(arguments: [
        TestJPEG.baseline, .gray, .progressive, .restarting, .restartingProgressive,
    ])
    func `a sound JPEG is accepted as it came`(_ image: TestJPEG) throws {
        let inspection = try accepted(image.bytes)
        #expect(inspection.type == .jpeg)
        #expect(inspection.width == image.width)
        #expect(inspection.height == image.height)
        #expect(inspection.stored.byteCount == image.bytes.count)
        #expect(inspection.verdict.findings.isEmpty)
        #expect(inspection.transformed.isEmpty)
    }

    @Test(arguments: BrokenJPEG.all)
    func `a JPEG with one failure is refused by its code`(_ broken: Broken) {
        let refused = refusal(of: broken.bytes, policy: broken.policy)
        #expect(refused?.finding.code == broken.code)
        #expect(refused?.type == .jpeg)
    }

    @Test func `what a JPEG may do without harm is accepted`() {
        let sound = TestJPEG.baseline.parts
        let harmless: [(String, JPEGParts)] = [
            ("fill bytes before a marker", sound.inserting(.raw([0xFF, 0xFF]), before: 0xDB)),
            (
                "a comment after the scan",
                sound.inserting(.segment(marker: 0xFE, payload: [65]), before: 0xD9)
            ),
            (
                "one restart marker at the end",
                TestJPEG.restarting.parts.changingData {
                    $0 += [0xFF, lastRestart($0)]
                }
            ),
            (
                "one component of a large factor",
                TestJPEG.gray.parts.changing(0xC0) { $0[7] = 0x44 }
            ),
        ]
        for (rule, parts) in harmless {
            #expect(refusal(of: parts.bytes) == nil, "\(rule)")
        }
    }

    /// The restart marker that would follow the last one in the data.
    private func lastRestart(_ data: [UInt8]) -> UInt8 {
        let count = data.indices.dropLast().filter {
            data[$0] == 0xFF && (0xD0...0xD7).contains(data[$0 + 1])
        }.count
        return 0xD0 + UInt8(count % 8)
    }
}
