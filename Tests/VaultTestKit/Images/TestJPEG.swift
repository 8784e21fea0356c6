// TestJPEG: makes sound JPEG images of random coefficients: sequential or progressive Huffman
// coding, one or three components, any sampling, restart intervals. The pictures are noise, the
// structure is exact (ITU T.81): every decoder accepts them without a warning.

/// What a test image shall be like.
package struct TestJPEG: Sendable {
    package var width = 40
    package var height = 24
    /// Horizontal and vertical sampling factors, one pair a component.
    package var sampling: [(horizontal: Int, vertical: Int)] = [(2, 2), (1, 1), (1, 1)]
    package var isProgressive = false
    /// Coded units between two restart markers; 0 for none.
    package var restartInterval = 0
    /// The most AC coefficients of a block of a sequential image.
    package var coefficients = 3
    package var seed: UInt64 = 1

    package init() {}

    package static let baseline = TestJPEG()

    package static var gray: TestJPEG {
        var image = TestJPEG()
        image.sampling = [(1, 1)]
        return image
    }

    package static var progressive: TestJPEG {
        var image = TestJPEG()
        image.isProgressive = true
        return image
    }

    package static var restarting: TestJPEG {
        var image = TestJPEG()
        image.restartInterval = 2
        return image
    }

    /// Its scans of one component have intervals of their own number.
    package static var restartingProgressive: TestJPEG {
        var image = TestJPEG.progressive
        image.restartInterval = 1
        return image
    }

    package var bytes: [UInt8] { parts.bytes }

    package var parts: JPEGParts {
        var pieces: [JPEGParts.Piece] = [
            .marker(0xD8),
            .segment(marker: 0xE0, payload: Array("JFIF\u{0}".utf8) + [1, 1, 0, 0, 1, 0, 1, 0, 0]),
            .segment(marker: 0xDB, payload: [0] + [UInt8](repeating: 16, count: 64)),
            .segment(marker: isProgressive ? 0xC2 : 0xC0, payload: frame),
            .segment(marker: 0xC4, payload: TestHuffman.direct.definition(head: 0x00)),
            .segment(marker: 0xC4, payload: TestHuffman.alternating.definition(head: 0x10)),
        ]
        if restartInterval > 0 {
            let interval = [UInt8(restartInterval >> 8), UInt8(restartInterval & 0xFF)]
            pieces.append(.segment(marker: 0xDD, payload: interval))
        }
        var random = TestRandom(seed: seed)
        pieces +=
            isProgressive ? progressiveScans(&random) : [sequentialScan(&random)].flatMap { $0 }
        return JPEGParts(pieces: pieces + [.marker(0xD9)])
    }

    private var frame: [UInt8] {
        var payload: [UInt8] = [8, UInt8(height >> 8), UInt8(height & 0xFF)]
        payload += [UInt8(width >> 8), UInt8(width & 0xFF), UInt8(sampling.count)]
        for (index, factors) in sampling.enumerated() {
            payload += [UInt8(index + 1), UInt8(factors.horizontal << 4 | factors.vertical), 0]
        }
        return payload
    }

    private func header(_ components: [Int], spectrum: ClosedRange<UInt8>) -> [UInt8] {
        [UInt8(components.count)] + components.flatMap { [UInt8($0 + 1), 0] }
            + [spectrum.lowerBound, spectrum.upperBound, 0]
    }

    private func sequentialScan(_ random: inout TestRandom) -> [JPEGParts.Piece] {
        let all = Array(sampling.indices)
        let data = code(all, &random) { writer, random in
            TestHuffman.direct.write(UInt8.random(in: 0...3, using: &random), &writer, &random)
            for _ in 0..<Int.random(in: 0...coefficients, using: &random) {
                TestHuffman.alternating.write(
                    [1, 2, 0x11].randomElement(using: &random) ?? 1,
                    &writer, &random)
            }
            TestHuffman.alternating.write(0, &writer, &random)
        }
        return [.segment(marker: 0xDA, payload: header(all, spectrum: 0...63)), .raw(data)]
    }

    /// DC of all components, then the AC band of each.
    private func progressiveScans(_ random: inout TestRandom) -> [JPEGParts.Piece] {
        let all = Array(sampling.indices)
        let direct = code(all, &random) { writer, random in
            TestHuffman.direct.write(UInt8.random(in: 0...3, using: &random), &writer, &random)
        }
        var pieces: [JPEGParts.Piece] = [
            .segment(marker: 0xDA, payload: header(all, spectrum: 0...0)), .raw(direct),
        ]
        for component in all {
            let band = code([component], &random) { writer, random in
                TestHuffman.alternating.write(1, &writer, &random)
                TestHuffman.alternating.write(0, &writer, &random)
            }
            pieces += [
                .segment(marker: 0xDA, payload: header([component], spectrum: 1...63)), .raw(band),
            ]
        }
        return pieces
    }

    /// The entropy-coded data of a scan, with restart markers.
    private func code(
        _ components: [Int], _ random: inout TestRandom,
        block: (inout TestBitWriter, inout TestRandom) -> Void
    ) -> [UInt8] {
        let (units, blocks) = units(of: components)
        var writer = TestBitWriter()
        for unit in 0..<units {
            if restartInterval > 0, unit > 0, unit % restartInterval == 0 {
                writer.restart(UInt8((unit / restartInterval - 1) % 8))
            }
            for _ in 0..<blocks { block(&writer, &random) }
        }
        writer.finish()
        return writer.bytes
    }

    /// Units in a scan and blocks in each.
    private func units(of components: [Int]) -> (Int, blocks: Int) {
        func ceil(_ dividend: Int, _ divisor: Int) -> Int { (dividend + divisor - 1) / divisor }
        let across = sampling.map(\.horizontal).max() ?? 1
        let down = sampling.map(\.vertical).max() ?? 1
        if components.count == 1 {
            let factors = sampling[components[0]]
            let columns = ceil(ceil(width * factors.horizontal, across), 8)
            return (columns * ceil(ceil(height * factors.vertical, down), 8), 1)
        }
        let blocks = components.reduce(0) { $0 + sampling[$1].horizontal * sampling[$1].vertical }
        return (ceil(width, 8 * across) * ceil(height, 8 * down), blocks)
    }
}

/// A Huffman code in which every symbol has a word of the same length.
struct TestHuffman: Sendable {
    let wordBits: Int
    let symbols: [UInt8]

    /// Sizes of a DC difference.
    static let direct = TestHuffman(wordBits: 3, symbols: [0, 1, 2, 3])
    /// End of block, and run and size of an AC coefficient.
    static let alternating = TestHuffman(wordBits: 3, symbols: [0, 1, 2, 0x11])

    /// The payload of a table definition.
    func definition(head: UInt8) -> [UInt8] {
        let counts = (1...16).map { $0 == wordBits ? UInt8(symbols.count) : 0 }
        return [head] + counts + symbols
    }

    /// Writes a symbol and as many random bits as its low half asks for.
    func write(_ symbol: UInt8, _ writer: inout TestBitWriter, _ random: inout TestRandom) {
        writer.write(symbols.firstIndex(of: symbol) ?? 0, bits: wordBits)
        let size = Int(symbol & 15)
        writer.write(Int.random(in: 0..<(1 << size), using: &random), bits: size)
    }
}

/// Bits from the highest on, with a zero byte stuffed after 0xFF (B.1.1.5).
struct TestBitWriter {
    private(set) var bytes: [UInt8] = []
    private var pending = 0
    private var pendingBits = 0

    mutating func write(_ value: Int, bits: Int) {
        for shift in (0..<bits).reversed() {
            pending = pending << 1 | value >> shift & 1
            pendingBits += 1
            if pendingBits == 8 { flush() }
        }
    }

    /// Fills the last byte with ones.
    mutating func finish() {
        while pendingBits > 0 { write(1, bits: 1) }
    }

    mutating func restart(_ number: UInt8) {
        finish()
        bytes += [0xFF, 0xD0 + number]
    }

    private mutating func flush() {
        bytes.append(UInt8(pending))
        if pending == 0xFF { bytes.append(0) }
        pending = 0
        pendingBits = 0
    }
}
