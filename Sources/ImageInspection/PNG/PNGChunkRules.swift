// PNGChunkRules: which chunks may stand where, how often, and how large (PNG 3rd edition §5.6 and
// §11). Orders that every decoder forgives are not enforced.
import VaultFormat

struct PNGChunkRules {
    private let header: PNGHeader
    private var seen: Set<PNGType> = []
    private var paletteEntries = 0

    /// Chunks that may appear once.
    private static let single: Set<PNGType> = [
        .IHDR, .PLTE, .IEND, .acTL, .bKGD, .cHRM, .cICP, .eXIf, .gAMA, .hIST, .iCCP, .pHYs, .sBIT,
        .sRGB, .tIME, .tRNS,
    ]

    /// Chunks that must precede the picture data, because they change how it is shown.
    private static let beforeData: Set<PNGType> = [.PLTE, .tRNS, .bKGD, .hIST, .acTL]

    init(header: PNGHeader) {
        self.header = header
        seen = [.IHDR]
    }

    mutating func check(_ chunk: PNGChunk, afterData: Bool) throws(Refused) {
        let start = chunk.content.lowerBound
        let type = chunk.type
        if type.isCritical, ![.IHDR, .PLTE, .IEND].contains(type) {
            throw Refused(.pngCriticalUnknown, at: start)
        }
        if Self.single.contains(type), !seen.insert(type).inserted {
            throw Refused(.pngChunkRepeated, at: start)
        }
        if afterData, Self.beforeData.contains(type) { throw Refused(.pngChunkOrder, at: start) }
        if type == .PLTE { try takePalette(chunk) }
        guard isSizeLegal(type, chunk.content.count) else {
            throw Refused(.pngChunkSize, at: start)
        }
    }

    func checkPaletteBeforeData(at offset: Int) throws(Refused) {
        guard header.colorType != 3 || paletteEntries > 0 else {
            throw Refused(.pngPalette, at: offset)
        }
    }

    /// §11.2.2: 1 to 256 entries of three bytes, not more than the depth can name, none for grey;
    /// transparency and background refer to it, so they come after it.
    private mutating func takePalette(_ chunk: PNGChunk) throws(Refused) {
        let start = chunk.content.lowerBound
        let count = chunk.content.count
        paletteEntries = count / 3
        let most = header.colorType == 3 ? 1 << header.depth : 256
        guard [2, 3, 6].contains(header.colorType), count % 3 == 0,
            (1...most).contains(paletteEntries)
        else { throw Refused(.pngPalette, at: start) }
        guard seen.isDisjoint(with: [.tRNS, .bKGD, .hIST]) else {
            throw Refused(.pngChunkOrder, at: start)
        }
    }

    /// Whether a chunk of a known type has the size that §11 gives it.
    private func isSizeLegal(_ type: PNGType, _ size: Int) -> Bool {
        switch type {
        case .IEND: size == 0
        case .gAMA: size == 4
        case .cHRM: size == 32
        case .sRGB: size == 1
        case .pHYs: size == 9
        case .tIME: size == 7
        case .cICP: size == 4
        case .acTL: size == 8
        case .fcTL: size == 26
        case .fdAT: size >= 4
        case .sBIT: size == [1, 0, 3, 3, 2, 0, 4][Int(min(header.colorType, 6))]
        case .hIST: size == 2 * paletteEntries && size > 0
        case .bKGD: size == [2, 0, 6, 1, 2, 0, 6][Int(min(header.colorType, 6))]
        case .tRNS: isTransparencyLegal(size)
        default: true
        }
    }

    private func isTransparencyLegal(_ size: Int) -> Bool {
        switch header.colorType {
        case 0: size == 2
        case 2: size == 6
        case 3: (1...256).contains(size) && size <= paletteEntries
        default: false
        }
    }
}
