// PNGText: the outer form of text and profile chunks (PNG 3rd edition §11.3.2, §11.3.3), as far as
// it is needed to find what is compressed in them; and the first bytes of a zlib stream (RFC 1950).
import VaultFormat

enum PNGText {
    /// The zlib stream in a chunk, or nil if there is none.
    static func compressed(
        _ bytes: RawSpan, _ chunk: PNGChunk
    ) throws(Refused) -> PNGFacts.Compressed? {
        let start = chunk.content.lowerBound
        switch chunk.type {
        case .zTXt, .iCCP:
            let method = try afterZero(bytes, chunk, from: start)
            guard bytes.u8(method) == 0 else { throw Refused(.pngText, at: method) }
            return try stream(
                bytes, (method + 1)..<chunk.content.upperBound,
                kind: chunk.type == .zTXt ? .text : .profile)
        case .iTXt:
            let flag = try afterZero(bytes, chunk, from: start)
            let language = try afterZero(bytes, chunk, from: flag + 2)
            let text = try afterZero(bytes, chunk, from: language, canEnd: true)
            switch bytes.u16(flag) {
            case 0x0100: return try stream(bytes, text..<chunk.content.upperBound, kind: .text)
            // §11.3.3.4: the method is 0 also where nothing is compressed; readers ignore it.
            case .some(let flags) where flags >> 8 == 0: return nil
            default: throw Refused(.pngText, at: flag)
            }
        default: return nil
        }
    }

    /// The offset behind the next zero byte, which must have a byte of the chunk after it unless
    /// it may end the chunk.
    private static func afterZero(
        _ bytes: RawSpan, _ chunk: PNGChunk, from start: Int, canEnd: Bool = false
    ) throws(Refused) -> Int {
        let end = chunk.content.upperBound
        var offset = start
        while offset < end, bytes.u8(offset) != 0 { offset += 1 }
        guard offset < end, canEnd || offset + 1 < end else {
            throw Refused(.pngText, at: chunk.content.lowerBound)
        }
        return offset + 1
    }

    private static func stream(
        _ bytes: RawSpan, _ range: Range<Int>, kind: PNGFacts.Compressed.Kind
    ) throws(Refused) -> PNGFacts.Compressed {
        // A profile is an aid that decoders drop when it is damaged, and writers do damage it.
        guard
            kind == .profile
                || (range.count >= PNGZlib.fewestBytes
                    && bytes.u16(range.lowerBound).map(PNGZlib.isHeader) ?? false)
        else { throw Refused(.pngZlibHeader, at: range.lowerBound) }
        return PNGFacts.Compressed(kind: kind, offset: range.lowerBound, length: range.count)
    }
}

enum PNGZlib {
    /// Header, one empty block and the checksum.
    static let fewestBytes = 8

    /// Deflate codes at most 258 bytes in two bits: no stream expands more than this.
    private static let mostExpansion = 1_032

    /// RFC 1950 §2.2: deflate, a window of at most 32 KiB, no preset dictionary, check bits right.
    static func isHeader(_ head: Int) -> Bool {
        head >> 8 & 15 == 8 && head >> 12 <= 7 && head & 0x20 == 0 && head % 31 == 0
    }

    /// Whether a stream spread over parts begins right and can be as long as it must inflate to.
    static func check(
        _ bytes: RawSpan, _ parts: [PNGFacts.DataPart], inflatedBytes: Int
    ) throws(Refused) {
        var total = 0
        var head = 0
        var headBytes = 0
        let start = parts.first?.offset ?? 0
        for part in parts {
            total += part.length
            var index = 0
            while headBytes < 2, index < part.length, let byte = bytes.u8(part.offset + index) {
                head = head << 8 | Int(byte)
                headBytes += 1
                index += 1
            }
        }
        guard total >= fewestBytes else { throw Refused(.pngDataShort, at: start) }
        guard isHeader(head) else { throw Refused(.pngZlibHeader, at: start) }
        guard let most = product(total, mostExpansion), most >= inflatedBytes else {
            throw Refused(.pngDataShort, at: start)
        }
    }
}
