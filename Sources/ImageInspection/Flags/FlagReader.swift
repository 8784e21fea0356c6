// FlagReader: gathers the flags of a whole file from its metadata. It can only add flags; nothing
// here refuses (step 7).
import VaultFormat

enum FlagReader {
    static func flags(_ bytes: RawSpan, _ image: JPEGImage) -> ImageFlags {
        image.segments.reduce(into: []) { $0.formUnion(flags(bytes, $1)) }
    }

    private static func flags(_ bytes: RawSpan, _ segment: JPEGSegment) -> ImageFlags {
        let start = segment.payload.lowerBound
        let end = segment.payload.upperBound
        switch segment.marker {
        case 0xE0: return jfif(bytes, segment.payload)
        case 0xE1:
            if bytes.has("Exif\u{0}", at: start, before: end), end - start > 6 {
                return EXIF.flags(bytes, (start + 6)..<end)
            }
            return XMPPacket.range(bytes, segment).map { XMPPacket.flags(bytes, $0) } ?? []
        case 0xEB:
            let isBox = bytes.has("JP", at: start, before: end)
            return isBox && bytes.holds("c2pa", in: segment.payload) ? .c2pa : []
        case 0xED:
            return photoshop(bytes, segment.payload)
        default: return []
        }
    }

    /// JFIF 1.02: width and height of an uncompressed thumbnail, or an extension segment with one.
    private static func jfif(_ bytes: RawSpan, _ payload: Range<Int>) -> ImageFlags {
        let start = payload.lowerBound
        if bytes.has("JFXX\u{0}", at: start, before: payload.upperBound) { return .thumbnail }
        guard payload.count > 14, bytes.has("JFIF\u{0}", at: start, before: payload.upperBound)
        else { return [] }
        return bytes.u8(start + 12) != 0 && bytes.u8(start + 13) != 0 ? .thumbnail : []
    }

    /// Photoshop image resources 1033 and 1036 are thumbnails.
    private static func photoshop(_ bytes: RawSpan, _ payload: Range<Int>) -> ImageFlags {
        let hasThumbnail =
            bytes.holds("8BIM\u{4}\u{9}", in: payload)
            || bytes.holds("8BIM\u{4}\u{C}", in: payload)
        return hasThumbnail ? .thumbnail : []
    }

    static func flags(_ bytes: RawSpan, _ image: PNGImage) -> ImageFlags {
        var flags: ImageFlags = []
        for chunk in image.chunks {
            switch chunk.type {
            case .eXIf: flags.formUnion(EXIF.flags(bytes, chunk.content))
            case .caBX: flags.insert(.c2pa)
            case .iTXt:
                let isPacket = bytes.has(
                    "XML:com.adobe.xmp\u{0}", at: chunk.content.lowerBound,
                    before: chunk.content.upperBound)
                if isPacket { flags.formUnion(XMPPacket.flags(bytes, chunk.content)) }
            default: break
            }
        }
        return flags
    }
}
