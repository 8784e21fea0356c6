// JPEGStripping: a JPEG without what is not its picture. Kept are the tables and scans, how to show
// them (the density of JFIF, the transform of Adobe, the colour profile), and the orientation.
// Gone are comments, all other application data, and whatever follows the image.
import VaultFormat

enum JPEGStripping {
    typealias Replacement = (range: Range<Int>, bytes: [UInt8])

    static func plan(_ bytes: RawSpan, _ image: JPEGImage) -> StoragePlan {
        let jfif = lastIndex(bytes, image, marker: 0xE0, "JFIF\u{0}", atLeast: 14)
        let adobe = lastIndex(bytes, image, marker: 0xEE, "Adobe", atLeast: 12)
        let exif = image.segments.firstIndex { isEXIF(bytes, $0) }
        var replacements: [Replacement] = []
        for (index, segment) in image.segments.enumerated() where isMetadata(bytes, segment) {
            // Marker and length stand before the payload.
            let whole = segment.payload.lowerBound - 4..<segment.payload.upperBound
            let new: [UInt8] =
                switch index {
                case jfif: density(bytes, segment.payload)
                case adobe: short(bytes, segment, count: 12)
                case exif: orientation(bytes, segment.payload)
                default: []
                }
            if !isSame(bytes, whole, new) { replacements.append((whole, new)) }
        }
        return StoragePlan(keepingTo: image.end, replacing: replacements)
    }

    /// Comments and application data, but for the parts of a colour profile.
    private static func isMetadata(_ bytes: RawSpan, _ segment: JPEGSegment) -> Bool {
        guard
            segment.marker == JPEGMarker.comment
                || JPEGMarker.application.contains(segment.marker)
        else { return false }
        let isProfile =
            segment.marker == 0xE2
            && bytes.has(
                "ICC_PROFILE\u{0}", at: segment.payload.lowerBound,
                before: segment.payload.upperBound)
        return !isProfile
    }

    /// The last segment of that name: the one that decoders heed.
    private static func lastIndex(
        _ bytes: RawSpan, _ image: JPEGImage, marker: UInt8, _ name: StaticString, atLeast: Int
    ) -> Int? {
        image.segments.lastIndex {
            $0.marker == marker && $0.payload.count >= atLeast
                && bytes.has(name, at: $0.payload.lowerBound, before: $0.payload.upperBound)
        }
    }

    private static func isEXIF(_ bytes: RawSpan, _ segment: JPEGSegment) -> Bool {
        segment.marker == 0xE1 && segment.payload.count > 6
            && bytes.has(
                "Exif\u{0}", at: segment.payload.lowerBound, before: segment.payload.upperBound)
    }

    /// JFIF 1.02 without its thumbnail.
    private static func density(_ bytes: RawSpan, _ payload: Range<Int>) -> [UInt8] {
        let head = copy(bytes, payload.lowerBound..<payload.lowerBound + 12)
        return Self.segment(0xE0, head + [0, 0])
    }

    private static func short(
        _ bytes: RawSpan, _ segment: JPEGSegment, count: Int
    ) -> [UInt8] {
        let start = segment.payload.lowerBound
        return Self.segment(segment.marker, copy(bytes, start..<start + count))
    }

    /// An EXIF segment with nothing but the orientation, or nothing where it is the usual one.
    private static func orientation(_ bytes: RawSpan, _ payload: Range<Int>) -> [UInt8] {
        let block = payload.lowerBound + 6..<payload.upperBound
        let minimal = Orientation.block(bytes, block)
        guard !minimal.isEmpty else { return [] }
        return segment(0xE1, Array("Exif\u{0}\u{0}".utf8) + minimal)
    }

    private static func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count + 2
        return [0xFF, marker, UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)] + payload
    }
}

/// The bytes of a range, as far as they are there.
func copy(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
    range.compactMap { bytes.u8($0) }
}

/// Whether `new` is what stands there already.
func isSame(_ bytes: RawSpan, _ range: Range<Int>, _ new: [UInt8]) -> Bool {
    range.count == new.count && zip(range, new).allSatisfy { bytes.u8($0) == $1 }
}
