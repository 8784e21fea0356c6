// SeedWriter: the seed corpora, made by the tests' own generators; no file from elsewhere.
//
//   SeedWriter DIRECTORY     writes jpeg/, png/, decode/ and protocol/ into it

import Foundation
import VaultFormat
import VaultTestKit

@main
struct SeedWriter {
    static func main() throws {
        let root = URL(fileURLWithPath: CommandLine.arguments[1])
        let sound = images + JPEGTrailerTests.explained.map(\.1)
        let broken = (BrokenJPEG.all + BrokenPNG.all + HiddenContent.all).map(\.bytes)
        let all = sound + broken + JPEGTrailerTests.unexplained.map(\.1)
        try write(all.filter { $0.starts(with: [0xFF, 0xD8]) }, root, "jpeg")
        try write(all.filter { $0.starts(with: [0x89, 0x50]) }, root, "png")
        try write(all + samples, root, "decode")
        try write(greetings + answers + requests + launches, root, "protocol")
    }

    /// Larger ones only slow the search down.
    private static let mostBytes = 16 << 10

    private static func write(_ inputs: [[UInt8]], _ root: URL, _ name: String) throws {
        let folder = root.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (index, bytes) in inputs.enumerated() where bytes.count <= mostBytes {
            let file = folder.appendingPathComponent("seed-\(index)")
            try Data(bytes).write(to: file)
        }
    }

    private static var images: [[UInt8]] {
        InspectorPropertyTests.images
            + [TestJPEG.gray, .restartingProgressive, subsampled(2, 1), subsampled(4, 1), four].map(
                \.bytes)
            + [(0, 1), (0, 16), (2, 16), (3, 1), (3, 8), (4, 8), (6, 8)].map {
                var image = TestPNG()
                (image.colorType, image.depth, image.isInterlaced) = ($0.0, $0.1, $0.1 == 8)
                return image.bytes
            }
    }

    private static func subsampled(_ horizontal: Int, _ vertical: Int) -> TestJPEG {
        var image = TestJPEG.baseline
        image.sampling[0] = (horizontal, vertical)
        return image
    }

    private static var four: TestJPEG {
        var image = TestJPEG.progressive
        image.sampling = [(1, 1), (1, 1), (1, 1), (1, 1)]
        return image
    }

    /// Images with really compressed data.
    private static var samples: [[UInt8]] {
        let text = SamplePNG.compressedText(Array("A view of the harbour, in May.".utf8))
        return [DecodeSamples.jpeg, DecodeSamples.progressiveJPEG]
            + [
                SamplePNG(), SamplePNG(isInterlaced: true), SamplePNG(filter: 4),
                SamplePNG(extraPixels: 1), SamplePNG(extraPixels: -1), SamplePNG(filter: 5),
                SamplePNG(adlerIsWrong: true), SamplePNG(afterStream: [0], parts: 3),
                SamplePNG(parts: 7, chunksBefore: [text]),
            ].map(\.bytes)
    }

    private static var greetings: [[UInt8]] {
        WorkerStage.allCases.map { [0] + WorkerGreeting(stage: $0, landlockABI: 7).encoded() }
    }

    private static func request(
        _ level: InspectionLevel, _ type: ImageType, _ bytes: Int
    ) -> WorkerRequest? {
        try? WorkerRequest(
            number: 1, level: level, claimedType: type, imageBytes: UInt64(bytes),
            budget: WorkerBudget(.default))
    }

    private static var answers: [[UInt8]] {
        var all: [[UInt8]] = []
        for (kind, level, type) in [
            (0, InspectionLevel.structure, ImageType.jpeg), (1, .decode, .jpeg),
            (3, .decode, .png),
        ] {
            guard let request = request(level, type, 64) else { continue }
            for decode in DecodeOutcome.allCases {
                let answer = WorkerAnswer(
                    to: request, detectedType: DetectedType(type), decode: decode,
                    measures: WorkerMeasures(inflatedBytes: 9, pixels: 8, cpuMicroseconds: 7))
                all.append([1, UInt8(kind)] + answer.encoded())
            }
            let other = WorkerAnswer(
                to: request, detectedType: .other, decode: .notAsked, measures: WorkerMeasures())
            let bytes = [1, UInt8(kind)] + other.encoded()
            all += [bytes, bytes + [0]]
        }
        return all
    }

    private static var requests: [[UInt8]] {
        [TestJPEG.gray.bytes, SamplePNG().bytes, DecodeSamples.jpeg].flatMap { image in
            InspectionLevel.allCases.flatMap { level -> [[UInt8]] in
                let type: ImageType = image[0] == 0x89 ? .png : .jpeg
                let head = request(level, type, image.count)?.encoded() ?? []
                let whole = head + image
                let probe = WorkerProbe(.none).encoded()
                return [
                    [2] + whole, [2] + whole + whole, [2] + head, [2] + probe + whole + probe,
                ]
            }
        }
    }

    private static var launches: [[UInt8]] {
        let head: [UInt8] = [0x49, 0x56, 0x4C, 1, 2, 0, 0, 0]
        return [0, 2, 3].map { [3, $0] + head } + [[3, 2] + head + [0], [3, 2] + head.dropLast()]
    }
}
