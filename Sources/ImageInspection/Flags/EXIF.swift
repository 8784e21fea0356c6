// EXIF: which private facts an EXIF block holds (CIPA DC-008). A damaged block has no flags beyond
// the damage and is never refused: decoders skip it. Directories form a graph that may loop, so
// only `Limits.exifDirectories` are followed.
import VaultFormat

enum EXIF {
    private enum Kind { case image, thumbnail, exif, gps }

    private enum Tag {
        static let stripOffsets = 0x0111
        static let thumbnailOffset = 0x0201
        static let exif = 0x8769
        static let gps = 0x8825
        static let makerNote = 0x927C
        static let bodySerial = 0xA431
        static let lensSerial = 0xA435
        static let cameraSerial = 0xC62F
        /// Latitude and longitude, in the GPS directory.
        static let position = [2, 4]
    }

    /// The flags of a TIFF structure, which `range` holds without the "Exif" prefix.
    static func flags(_ bytes: RawSpan, _ range: Range<Int>) -> ImageFlags {
        guard let block = TIFFBlock(bytes, range) else { return [] }
        var flags: ImageFlags = []
        var open: [(offset: Int, kind: Kind)] = [(block.first, .image)]
        for _ in 0..<Limits.exifDirectories {
            guard let (offset, kind) = open.popLast() else { break }
            let (entries, next) = block.entries(bytes, at: offset)
            for entry in entries {
                flags.formUnion(flag(entry, in: kind))
                if kind == .image, entry.tag == Tag.exif { open.append((Int(entry.value), .exif)) }
                if kind == .image, entry.tag == Tag.gps { open.append((Int(entry.value), .gps)) }
            }
            if kind == .image, next != 0 { open.append((next, .thumbnail)) }
        }
        return flags
    }

    private static func flag(_ entry: TIFFBlock.Entry, in kind: Kind) -> ImageFlags {
        guard entry.count > 0 else { return [] }
        switch (kind, entry.tag) {
        case (.gps, let tag) where Tag.position.contains(tag): return .gps
        case (.thumbnail, Tag.thumbnailOffset), (.thumbnail, Tag.stripOffsets): return .thumbnail
        case (.exif, Tag.makerNote): return .makerNote
        // One byte of text is only its end.
        case (.exif, Tag.bodySerial), (.exif, Tag.lensSerial), (.image, Tag.cameraSerial):
            return entry.count > 1 ? .serialNumber : []
        default: return []
        }
    }
}
