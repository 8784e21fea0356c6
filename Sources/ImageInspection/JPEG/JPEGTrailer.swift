// JPEGTrailer: what follows the end marker. Explained are: nothing; padding of 00 and FF; further
// JPEG images that walk clean, one without an index and any number that a multi-picture index
// names; and then a Samsung directory or the film of a motion photo. "The file ends in FF D9"
// explains nothing.
import VaultFormat

struct JPEGTrailer {
    /// Further images, each walked like the first.
    private(set) var images: [JPEGImage] = []
    /// Offset just past the last image: what is kept when the rest is cut off.
    private(set) var imagesEnd: Int
    /// A directory or film that explains the rest of the file, if there is one.
    private(set) var attachment: Range<Int>?
    /// Where the unexplained bytes begin, if any.
    private(set) var unexplained: Int?

    init(_ bytes: RawSpan, after image: JPEGImage, policy: InspectionPolicy) {
        let indexed = MultiPictureIndex(bytes, image.segments).offsets
        imagesEnd = image.end
        var offset = Self.skipPadding(bytes, from: imagesEnd)
        while offset < bytes.byteCount, bytes.u8(offset) == 0xFF, bytes.u8(offset + 1) == 0xD8,
            images.count < Limits.trailingImages, images.isEmpty || indexed.contains(offset)
        {
            do throws(Refused) {
                let next = try JPEGWalk.walk(bytes, from: offset, policy: policy)
                images.append(next)
                imagesEnd = next.end
                offset = Self.skipPadding(bytes, from: imagesEnd)
            } catch {
                break
            }
        }
        if offset >= bytes.byteCount { return }
        let rest = imagesEnd..<bytes.byteCount
        // Both begin with numbers whose first bytes look like padding.
        if SamsungTrailer.explains(bytes, rest, paddedTo: offset)
            || MotionPhoto.explains(bytes, imagesEnd, paddedTo: offset, segments: image.segments)
        {
            attachment = rest
        } else {
            unexplained = offset
        }
    }

    /// The first offset that is not padding: FF is padding unless it begins an image.
    private static func skipPadding(_ bytes: RawSpan, from start: Int) -> Int {
        var offset = start
        while let byte = bytes.u8(offset) {
            if byte != 0, byte != 0xFF || bytes.u8(offset + 1) == 0xD8 { break }
            offset += 1
        }
        return offset
    }
}

/// The multi-picture index in APP2 (CIPA DC-007): where further images of the file begin.
struct MultiPictureIndex {
    private(set) var offsets: Set<Int> = []

    init(_ bytes: RawSpan, _ segments: [JPEGSegment]) {
        for segment in segments where segment.marker == 0xE2 {
            let start = segment.payload.lowerBound
            guard bytes.has("MPF\u{0}", at: start, before: segment.payload.upperBound) else {
                continue
            }
            read(bytes, (start + 4)..<segment.payload.upperBound)
        }
    }

    private mutating func read(_ bytes: RawSpan, _ range: Range<Int>) {
        guard let directory = TIFFBlock(bytes, range),
            let entries = directory.entries(bytes, at: directory.first).entries.first(
                where: { $0.tag == 0xB002 })
        else { return }
        // An entry has 16 bytes: attributes, size, offset from the block's start, two dependents.
        let count = min(Int(entries.count) / 16, Limits.trailingImages + 1)
        for index in 0..<count {
            let place = range.lowerBound + Int(entries.value) + 16 * index + 8
            guard place + 4 <= range.upperBound, let offset = directory.u32(bytes, place) else {
                return
            }
            offsets.insert(range.lowerBound + offset)
        }
    }
}

/// The directory that Samsung phones put at the end of a file: entries, "SEFH", their list, its
/// length, "SEFT"; numbers are little-endian, offsets count back from "SEFH".
enum SamsungTrailer {
    static func explains(_ bytes: RawSpan, _ range: Range<Int>, paddedTo first: Int) -> Bool {
        let tail = range.upperBound - 8
        guard tail >= range.lowerBound,
            bytes.has("SEFT", at: tail + 4, before: range.upperBound),
            let length = bytes.u32le(tail)
        else { return false }
        let head = tail - length
        guard head >= range.lowerBound, bytes.has("SEFH", at: head, before: tail),
            let count = bytes.u32le(head + 8), (1...Limits.samsungEntries).contains(count),
            length == 12 + 12 * count
        else { return false }
        guard first <= head else { return false }
        return covers(bytes, first..<head, from: range.lowerBound, count: count)
    }

    /// Whether the entries, none of which begins before `from`, fill the range without a gap.
    private static func covers(
        _ bytes: RawSpan, _ range: Range<Int>, from start: Int, count: Int
    ) -> Bool {
        let head = range.upperBound
        var parts: [Range<Int>] = []
        for index in 0..<count {
            let place = head + 12 + 12 * index
            guard let back = bytes.u32le(place + 4), let size = bytes.u32le(place + 8),
                back >= size, head - back >= start
            else { return false }
            parts.append((head - back)..<(head - back + size))
        }
        var covered = range.lowerBound
        for part in parts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard part.lowerBound <= covered else { return false }
            covered = max(covered, part.upperBound)
        }
        return covered == range.upperBound
    }
}

/// The film of a motion photo: an MP4 after the image, announced in the image's XMP, whose boxes
/// (ISO 14496-12) fill the rest of the file exactly.
enum MotionPhoto {
    static func explains(
        _ bytes: RawSpan, _ end: Int, paddedTo first: Int, segments: [JPEGSegment]
    ) -> Bool {
        let announced = segments.contains {
            XMPPacket.holds(bytes, $0, anyOf: ["MotionPhoto", "MicroVideo"])
        }
        // The first box's size has up to three leading zero bytes.
        return announced
            && (max(end, first - 3)...first).contains { isFilm(bytes, $0..<bytes.byteCount) }
    }

    private static func isFilm(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        guard bytes.has("ftyp", at: range.lowerBound + 4, before: range.upperBound) else {
            return false
        }
        var offset = range.lowerBound
        for _ in 0..<Limits.motionPhotoBoxes {
            guard let size = bytes.u32(offset).map(Int.init), size >= 8,
                size <= range.upperBound - offset
            else { return false }
            for place in (offset + 4)..<(offset + 8) {
                guard let letter = bytes.u8(place), (0x20...0x7E).contains(letter) else {
                    return false
                }
            }
            offset += size
            if offset == range.upperBound { return true }
        }
        return false
    }
}
