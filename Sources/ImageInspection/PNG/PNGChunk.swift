// PNGChunk: the frame around every part of a PNG (PNG 3rd edition §5.3): length, type, content,
// CRC. A chunk value exists only if all four were right.
import VaultFormat

/// Four letters; the case of the first says whether a decoder may skip the chunk.
struct PNGType: RawRepresentable, Hashable {
    let rawValue: UInt32

    var isCritical: Bool { rawValue & 0x2000_0000 == 0 }
    /// The third letter's case is reserved: upper.
    var isReserved: Bool { rawValue & 0x0000_2000 != 0 }

    /// Whether all four bytes are ASCII letters.
    var isLetters: Bool {
        for shift: UInt32 in [0, 8, 16, 24] {
            let folded = rawValue >> shift & 0xFF | 0x20
            guard (0x61...0x7A).contains(folded) else { return false }
        }
        return true
    }

    static let IHDR = PNGType(rawValue: 0x4948_4452)
    static let PLTE = PNGType(rawValue: 0x504C_5445)
    static let IDAT = PNGType(rawValue: 0x4944_4154)
    static let IEND = PNGType(rawValue: 0x4945_4E44)
    static let acTL = PNGType(rawValue: 0x6163_544C)
    static let bKGD = PNGType(rawValue: 0x624B_4744)
    static let cHRM = PNGType(rawValue: 0x6348_524D)
    static let cICP = PNGType(rawValue: 0x6349_4350)
    static let cLLI = PNGType(rawValue: 0x634C_4C49)
    static let caBX = PNGType(rawValue: 0x6361_4258)
    static let eXIf = PNGType(rawValue: 0x6558_4966)
    static let fcTL = PNGType(rawValue: 0x6663_544C)
    static let fdAT = PNGType(rawValue: 0x6664_4154)
    static let gAMA = PNGType(rawValue: 0x6741_4D41)
    static let hIST = PNGType(rawValue: 0x6849_5354)
    static let iCCP = PNGType(rawValue: 0x6943_4350)
    static let iTXt = PNGType(rawValue: 0x6954_5874)
    static let mDCV = PNGType(rawValue: 0x6D44_4356)
    static let pHYs = PNGType(rawValue: 0x7048_5973)
    static let sBIT = PNGType(rawValue: 0x7342_4954)
    static let sRGB = PNGType(rawValue: 0x7352_4742)
    static let tEXt = PNGType(rawValue: 0x7445_5874)
    static let tIME = PNGType(rawValue: 0x7449_4D45)
    static let tRNS = PNGType(rawValue: 0x7452_4E53)
    static let zTXt = PNGType(rawValue: 0x7A54_5874)
}

struct PNGChunk {
    let type: PNGType
    let content: Range<Int>

    /// Offset of the next chunk.
    var end: Int { content.upperBound + 4 }

    /// Reads the chunk at `offset` and checks its CRC, of ancillary chunks too.
    init(_ bytes: RawSpan, at offset: Int) throws(Refused) {
        let length = try need(bytes.u32(offset), .pngTruncated, at: offset)
        type = PNGType(rawValue: try need(bytes.u32(offset + 4), .pngTruncated, at: offset))
        guard type.isLetters, !type.isReserved else { throw Refused(.pngChunkType, at: offset + 4) }
        guard length <= 0x7FFF_FFFF else { throw Refused(.pngChunkLength, at: offset) }
        let start = offset + 8
        let end = start + Int(length)
        guard let stored = bytes.u32(end) else { throw Refused(.pngTruncated, at: offset) }
        content = start..<end
        guard CRC32.checksum(bytes, (offset + 4)..<end) == stored else {
            throw Refused(.pngCRC, at: end)
        }
    }
}
