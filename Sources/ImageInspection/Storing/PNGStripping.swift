// PNGStripping: a PNG without what is not its picture. Kept are the chunks that decoders need to
// show it (PNG 3rd edition §11.2 and §11.3.1 to §11.3.3: palette, transparency, colour, size,
// background), those of an animation, and the orientation; all others are gone, known or not.
import VaultFormat

enum PNGStripping {
    private static let kept: Set<PNGType> = [
        .IHDR, .PLTE, .IDAT, .IEND, .tRNS, .cHRM, .gAMA, .iCCP, .sBIT, .sRGB, .cICP, .mDCV, .cLLI,
        .bKGD, .hIST, .pHYs, .acTL, .fcTL, .fdAT,
    ]

    static func plan(_ bytes: RawSpan, _ image: PNGImage) -> StoragePlan {
        var replacements: [JPEGStripping.Replacement] = []
        for chunk in image.chunks where !kept.contains(chunk.type) {
            // Length and type stand before the content, the checksum after it.
            let whole = chunk.content.lowerBound - 8..<chunk.end
            let new = chunk.type == .eXIf ? orientation(bytes, chunk) : []
            if !isSame(bytes, whole, new) { replacements.append((whole, new)) }
        }
        return StoragePlan(keepingTo: bytes.byteCount, replacing: replacements)
    }

    /// A chunk with nothing but the orientation, or nothing where it is the usual one.
    private static func orientation(_ bytes: RawSpan, _ chunk: PNGChunk) -> [UInt8] {
        let minimal = Orientation.block(bytes, chunk.content)
        guard !minimal.isEmpty else { return [] }
        let named = number(PNGType.eXIf.rawValue) + minimal
        // Bytes of bytes: every bit pattern is one.
        let checksum = unsafe CRC32.checksum(named.span.bytes, 0..<named.count)
        return number(UInt32(minimal.count)) + named + number(checksum ?? 0)
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
