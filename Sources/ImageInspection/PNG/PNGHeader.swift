// PNGHeader: IHDR (PNG 3rd edition §11.2.1) and the exact number of bytes that the picture's zlib
// stream must inflate to (§7.2, §8.1).
import VaultFormat

struct PNGHeader {
    let width: Int
    let height: Int
    let depth: Int
    let colorType: UInt8
    let isInterlaced: Bool
    /// Bytes of the inflated picture, filter bytes included.
    let inflatedBytes: Int

    var bitsPerPixel: Int { depth * Self.channels(colorType) }

    init(_ bytes: RawSpan, _ chunk: PNGChunk, policy: InspectionPolicy) throws(Refused) {
        let start = chunk.content.lowerBound
        guard chunk.content.count == 13 else { throw Refused(.pngHeader, at: start) }
        let width = try need(bytes.u32(start), .pngTruncated, at: start)
        let height = try need(bytes.u32(start + 4), .pngTruncated, at: start)
        depth = Int(try need(bytes.u8(start + 8), .pngTruncated, at: start))
        colorType = try need(bytes.u8(start + 9), .pngTruncated, at: start)
        let methods = try need(bytes.u16(start + 10), .pngTruncated, at: start)
        let interlace = try need(bytes.u8(start + 12), .pngTruncated, at: start)
        guard width > 0, height > 0 else { throw Refused(.dimensionsZero, at: start) }
        guard let pixels = product(Int(width), Int(height)), pixels <= policy.maxPixels else {
            throw Refused(.dimensionsAbsurd, at: start)
        }
        guard Self.depths(colorType).contains(depth) else {
            throw Refused(.pngColor, at: start + 8)
        }
        guard methods == 0, interlace <= 1 else { throw Refused(.pngHeader, at: start + 10) }
        self.width = Int(width)
        self.height = Int(height)
        isInterlaced = interlace == 1
        inflatedBytes = try need(
            Self.inflated(
                width: Int(width), height: Int(height),
                bits: depth * Self.channels(colorType), isInterlaced: interlace == 1),
            .dimensionsAbsurd, at: start)
    }

    /// Table 11.1: the depths that a colour type allows; none for an unknown type.
    private static func depths(_ colorType: UInt8) -> [Int] {
        switch colorType {
        case 0: [1, 2, 4, 8, 16]
        case 3: [1, 2, 4, 8]
        case 2, 4, 6: [8, 16]
        default: []
        }
    }

    private static func channels(_ colorType: UInt8) -> Int {
        switch colorType {
        case 2: 3
        case 4: 2
        case 6: 4
        default: 1
        }
    }

    /// Bytes that a picture or frame of this size inflates to, or nil beyond `Int`.
    func inflated(width: Int, height: Int) -> Int? {
        Self.inflated(
            width: width, height: height, bits: bitsPerPixel, isInterlaced: isInterlaced)
    }

    /// First column, first row and their steps of the seven Adam7 passes (§8.1).
    private static let passes = [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]

    private static func inflated(
        width: Int, height: Int, bits: Int, isInterlaced: Bool
    ) -> Int? {
        guard isInterlaced else { return rows(width: width, height: height, bits: bits) }
        var total = 0
        for (column, row, columnStep, rowStep) in passes {
            let columns = width > column ? ceilDivide(width - column, columnStep) : 0
            let lines = height > row ? ceilDivide(height - row, rowStep) : 0
            // A pass without columns or lines has no filter bytes either.
            guard columns > 0, lines > 0 else { continue }
            guard let pass = rows(width: columns, height: lines, bits: bits) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(pass)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    private static func rows(width: Int, height: Int, bits: Int) -> Int? {
        guard let rowBits = product(width, bits) else { return nil }
        return product(ceilDivide(rowBits, 8) + 1, height)
    }
}
