// TestPNG: makes sound PNG images of noise with stored deflate blocks (RFC 1951 §3.2.4), so that no
// compressor is needed and every byte is under the test's control.

/// What a test image shall be like.
package struct TestPNG: Sendable {
    package var width = 20
    package var height = 12
    package var depth = 8
    package var colorType = 2
    package var isInterlaced = false
    /// IDAT chunks that the data is cut into.
    package var dataChunks = 1
    /// Frames after the first; 0 for a still image.
    package var frames = 0
    package var seed: UInt64 = 1

    package init() {}

    package static let color = TestPNG()

    package static var palette: TestPNG {
        var image = TestPNG()
        image.colorType = 3
        image.depth = 4
        return image
    }

    package static var interlaced: TestPNG {
        var image = TestPNG()
        image.isInterlaced = true
        return image
    }

    package static var animated: TestPNG {
        var image = TestPNG()
        image.frames = 2
        return image
    }

    package var bytes: [UInt8] { parts.bytes }

    package var parts: PNGParts {
        var random = TestRandom(seed: seed)
        var chunks = [PNGParts.Chunk("IHDR", header)]
        if frames > 0 { chunks.append(.init("acTL", [0, 0, 0, UInt8(frames + 1), 0, 0, 0, 0])) }
        if colorType == 3 { chunks.append(.init("PLTE", random.bytes(3 << depth))) }
        if frames > 0 { chunks.append(.init("fcTL", control(sequence: 0))) }
        let data = Self.zlib(rows(&random))
        let step = (data.count + dataChunks - 1) / dataChunks
        for start in stride(from: 0, to: data.count, by: step) {
            chunks.append(.init("IDAT", Array(data[start..<min(start + step, data.count)])))
        }
        for frame in 0..<frames {
            let sequence = UInt32(2 * frame + 1)
            chunks.append(.init("fcTL", control(sequence: sequence)))
            let content = PNGParts.bigEndian(sequence + 1) + Self.zlib(rows(&random))
            chunks.append(.init("fdAT", content))
        }
        return PNGParts(chunks: chunks + [.init("IEND", [])])
    }

    private var header: [UInt8] {
        PNGParts.bigEndian(UInt32(width)) + PNGParts.bigEndian(UInt32(height))
            + [UInt8(depth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0]
    }

    private func control(sequence: UInt32) -> [UInt8] {
        PNGParts.bigEndian(sequence) + PNGParts.bigEndian(UInt32(width))
            + PNGParts.bigEndian(UInt32(height)) + [UInt8](repeating: 0, count: 8)
            + [0, 1, 0, 10, 0, 0]
    }

    /// Noise with filter byte 0 before each row.
    package func rows(_ random: inout TestRandom) -> [UInt8] {
        let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1
        func pass(_ columns: Int, _ lines: Int, _ random: inout TestRandom) -> [UInt8] {
            guard columns > 0, lines > 0 else { return [] }
            let rowBytes = (columns * channels * depth + 7) / 8
            return (0..<lines).flatMap { _ in [0] + random.bytes(rowBytes) }
        }
        guard isInterlaced else { return pass(width, height, &random) }
        // By pass: first column and row, and the power of two of their steps.
        let passes = [
            (0, 0, 3, 3), (4, 0, 3, 3), (0, 4, 2, 3), (2, 0, 2, 2), (0, 2, 1, 2), (1, 0, 1, 1),
            (0, 1, 0, 1),
        ]
        var data: [UInt8] = []
        for (column, row, across, down) in passes {
            let columns = (width - column + (1 << across) - 1) >> across
            let lines = (height - row + (1 << down) - 1) >> down
            data += pass(columns, lines, &random)
        }
        return data
    }

    /// A PNG whose picture data reads as the head of a PDF, in front; and with so much metadata before it
    /// that it lies behind the first kilobyte, where no reader looks for one.
    package static var hidingDocument: (front: [UInt8], behind: [UInt8]) {
        var random = TestRandom(seed: 1)
        var rows = color.rows(&random)
        rows.replaceSubrange(1..<6, with: Array("%PDF-".utf8))
        let parts = color.parts.changing("IDAT") { $0.content = zlib(rows) }
        let metadata = PNGParts.Chunk("prVt", [UInt8](repeating: 9, count: 1024))
        return (parts.bytes, parts.inserting(metadata, before: "IDAT").bytes)
    }

    /// A zlib stream of stored blocks (RFC 1950).
    package static func zlib(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + 65_535, data.count)
            let count = end - start
            let low = UInt8(count & 0xFF)
            let high = UInt8(count >> 8)
            stream += [end == data.count ? 1 : 0, low, high, ~low, ~high] + data[start..<end]
            start = end
        } while start < data.count
        return stream + PNGParts.bigEndian(TestChecksum.adler32(data))
    }
}
