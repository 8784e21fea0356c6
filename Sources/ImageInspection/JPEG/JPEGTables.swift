// JPEGTables: quantization and Huffman tables and the restart interval (ITU T.81, B.2.4). Tables
// fill their segment exactly; a Huffman table is a prefix code without the all-ones word (C.2).
import VaultFormat

struct JPEGTables {
    /// Restart interval in coded units; 0 means none.
    var restartInterval = 0
    /// Which of the four destinations hold a table.
    private var quantization = [false, false, false, false]
    private var direct = [false, false, false, false]
    private var alternating = [false, false, false, false]

    mutating func defineQuantization(_ bytes: RawSpan, _ payload: Range<Int>) throws(Refused) {
        var offset = payload.lowerBound
        guard offset < payload.upperBound else { throw Refused(.jpegQuantization, at: offset) }
        while offset < payload.upperBound {
            let head = Int(try need(bytes.u8(offset), .jpegTruncated, at: offset))
            let width = (head >> 4) + 1
            guard width <= 2, head & 15 <= 3, 64 * width <= payload.upperBound - offset - 1 else {
                throw Refused(.jpegQuantization, at: offset)
            }
            for index in 0..<64 {
                let place = offset + 1 + index * width
                let value = width == 1 ? bytes.u8(place).map(Int.init) : bytes.u16(place)
                // Table B.4: an element is never 0.
                guard let value, value > 0 else { throw Refused(.jpegQuantization, at: place) }
            }
            quantization[head & 3] = true
            offset += 1 + 64 * width
        }
    }

    mutating func defineHuffman(_ bytes: RawSpan, _ payload: Range<Int>) throws(Refused) {
        var offset = payload.lowerBound
        guard offset < payload.upperBound else { throw Refused(.jpegHuffman, at: offset) }
        while offset < payload.upperBound {
            let head = Int(try need(bytes.u8(offset), .jpegTruncated, at: offset))
            guard head >> 4 <= 1, head & 15 <= 3, 17 <= payload.upperBound - offset else {
                throw Refused(.jpegHuffman, at: offset)
            }
            let symbols = try Self.symbols(bytes, at: offset + 1)
            guard symbols <= payload.upperBound - offset - 17 else {
                throw Refused(.jpegHuffman, at: offset)
            }
            if head >> 4 == 0 {
                try Self.checkDirect(bytes, (offset + 17)..<(offset + 17 + symbols))
                direct[head & 3] = symbols > 0
            } else {
                alternating[head & 3] = symbols > 0
            }
            offset += 17 + symbols
        }
    }

    /// The number of symbols, if the sixteen counts of words by length make a prefix code.
    private static func symbols(_ bytes: RawSpan, at offset: Int) throws(Refused) -> Int {
        var total = 0
        var word = 0
        for length in 1...16 {
            let count = Int(try need(bytes.u8(offset + length - 1), .jpegTruncated, at: offset))
            total += count
            word = word * 2 + count
            // `word` is the first unused word of this length: at most all ones.
            guard count == 0 || word < 1 << length else { throw Refused(.jpegHuffman, at: offset) }
            guard word <= 1 << length else { throw Refused(.jpegHuffman, at: offset) }
        }
        guard total <= 256 else { throw Refused(.jpegHuffman, at: offset) }
        return total
    }

    /// A DC symbol is a number of bits, at most 15 in any Huffman process (table H.2).
    private static func checkDirect(_ bytes: RawSpan, _ range: Range<Int>) throws(Refused) {
        for offset in range {
            let symbol = try need(bytes.u8(offset), .jpegTruncated, at: offset)
            guard symbol <= 15 else { throw Refused(.jpegHuffman, at: offset) }
        }
    }

    /// Refuses a scan that needs a table nobody defined.
    func check(_ scan: JPEGScan, of frame: JPEGFrame, at offset: Int) throws(Refused) {
        for part in scan.parts {
            let quantized = quantization[frame.components[part.component].quantization]
            let hasDirect = !scan.needsDirect(frame) || direct[part.direct]
            let hasAlternating = !scan.needsAlternating(frame) || alternating[part.alternating]
            guard quantized, hasDirect, hasAlternating else {
                throw Refused(.jpegTableMissing, at: offset)
            }
        }
    }
}
