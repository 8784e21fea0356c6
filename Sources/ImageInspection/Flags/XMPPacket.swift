// XMPPacket: which private facts an XMP packet names. The packet is not parsed as XML: a property's
// name anywhere in it is enough for a flag, and an entity or comment trick only loses a flag.
import VaultFormat

enum XMPPacket {
    private static let properties: [(name: StaticString, flag: ImageFlags)] = [
        ("GPSLatitude", .gps), ("GPSLongitude", .gps), ("xmpMM:History", .xmpHistory),
        ("SerialNumber", .serialNumber), ("xmpGImg:image", .thumbnail),
        ("xapGImg:image", .thumbnail),
    ]

    static func flags(_ bytes: RawSpan, _ range: Range<Int>) -> ImageFlags {
        var flags: ImageFlags = []
        for (name, flag) in properties where bytes.holds(name, in: range) { flags.insert(flag) }
        return flags
    }

    /// Whether a segment is an XMP packet that holds one of the words.
    static func holds(_ bytes: RawSpan, _ segment: JPEGSegment, anyOf words: [StaticString]) -> Bool
    {
        guard let range = range(bytes, segment) else { return false }
        return words.contains { bytes.holds($0, in: range) }
    }

    /// The packet in an APP1 segment, if it holds one.
    static func range(_ bytes: RawSpan, _ segment: JPEGSegment) -> Range<Int>? {
        let payload = segment.payload
        let head: StaticString = "http://ns.adobe.com/x"
        guard segment.marker == 0xE1,
            bytes.has(head, at: payload.lowerBound, before: payload.upperBound)
        else { return nil }
        return payload
    }
}
