// TestEXIF: makes TIFF structures for EXIF tests: directories of entries, in either byte order.

package struct TestEXIF: Sendable {
    package struct Entry: Sendable {
        package let tag: UInt16
        package let count: UInt32
        package let value: UInt32

        package init(_ tag: UInt16, count: UInt32 = 1, value: UInt32 = 0) {
            self.tag = tag
            self.count = count
            self.value = value
        }
    }

    package var isLittleEndian = false
    package var image: [Entry] = []
    package var exif: [Entry] = []
    package var gps: [Entry] = []
    package var thumbnail: [Entry] = []

    package init() {}

    /// The structure, header included.
    package var bytes: [UInt8] {
        let entries =
            image + (exif.isEmpty ? [] : [Entry(0x8769)]) + (gps.isEmpty ? [] : [Entry(0x8825)])
        let exifStart = 8 + size(entries.count)
        let gpsStart = exifStart + (exif.isEmpty ? 0 : size(exif.count))
        let thumbnailStart = gpsStart + (gps.isEmpty ? 0 : size(gps.count))
        let linked = entries.map { entry in
            switch entry.tag {
            case 0x8769: Entry(0x8769, value: UInt32(exifStart))
            case 0x8825: Entry(0x8825, value: UInt32(gpsStart))
            default: entry
            }
        }
        var bytes: [UInt8] = isLittleEndian ? [0x49, 0x49] : [0x4D, 0x4D]
        bytes += number(42, bytes: 2) + number(8, bytes: 4)
        bytes += directory(linked, next: thumbnail.isEmpty ? 0 : thumbnailStart)
        if !exif.isEmpty { bytes += directory(exif, next: 0) }
        if !gps.isEmpty { bytes += directory(gps, next: 0) }
        if !thumbnail.isEmpty { bytes += directory(thumbnail, next: 0) }
        return bytes
    }

    /// As the payload of an APP1 segment.
    package var segment: [UInt8] { Array("Exif\u{0}\u{0}".utf8) + bytes }

    private func size(_ entries: Int) -> Int { 2 + 12 * entries + 4 }

    private func directory(_ entries: [Entry], next: Int) -> [UInt8] {
        number(entries.count, bytes: 2)
            + entries.flatMap {
                number(Int($0.tag), bytes: 2) + number(4, bytes: 2)
                    + number(Int($0.count), bytes: 4)
                    + number(Int($0.value), bytes: 4)
            } + number(next, bytes: 4)
    }

    private func number(_ value: Int, bytes: Int) -> [UInt8] {
        let low = (0..<bytes).map { UInt8(value >> (8 * $0) & 0xFF) }
        return isLittleEndian ? low : low.reversed()
    }
}
