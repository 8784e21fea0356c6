// JPEGWalk: the marker structure of one JPEG (ITU T.81, annex B), segment by segment, with no byte
// left unexplained. Each step moves forward by at least two bytes, so the walk is linear.
import VaultFormat

struct JPEGWalk {
    let policy: InspectionPolicy
    private(set) var frame: JPEGFrame?
    private(set) var tables = JPEGTables()
    private(set) var progress = JPEGProgress()
    private(set) var scans = 0
    private var segments: [JPEGSegment] = []
    private var segmentCount = 0
    private var metadataBytes = 0

    private init(policy: InspectionPolicy) {
        self.policy = policy
    }

    /// Walks the JPEG that begins at `start`, whose first two bytes the caller knows.
    static func walk(
        _ bytes: RawSpan, from start: Int, policy: InspectionPolicy
    ) throws(Refused) -> JPEGImage {
        var walk = JPEGWalk(policy: policy)
        var offset = start + 2
        while true {
            let (marker, content) = try Self.marker(bytes, at: offset)
            if marker == JPEGMarker.end { return try walk.finished(bytes, end: content) }
            try walk.admit(marker, at: content - 2)
            offset = try walk.segment(marker, bytes, at: content)
        }
    }

    /// The marker at `offset` and the offset behind it. Any number of fill bytes may precede it
    /// (B.1.1.2).
    private static func marker(
        _ bytes: RawSpan, at offset: Int
    ) throws(Refused) -> (UInt8, after: Int) {
        let first = try need(bytes.u8(offset), .jpegTruncated, at: offset)
        guard first == 0xFF else { throw Refused(.jpegExtraneous, at: offset) }
        var next = offset + 1
        while bytes.u8(next) == 0xFF { next += 1 }
        let marker = try need(bytes.u8(next), .jpegTruncated, at: next)
        guard marker != 0 else { throw Refused(.jpegExtraneous, at: offset) }
        return (marker, next + 1)
    }

    /// Refuses a marker that may not stand here. After the first scan only tables, comments and
    /// scans may come: metadata there is read by nobody but a smuggler.
    private func admit(_ marker: UInt8, at offset: Int) throws(Refused) {
        switch marker {
        case JPEGMarker.frames:
            guard frame == nil else { throw Refused(.jpegFrameRepeated, at: offset) }
        case JPEGMarker.application:
            guard scans == 0 else { throw Refused(.jpegMarker, at: offset) }
        case JPEGMarker.scan:
            guard frame != nil else { throw Refused(.jpegFrameMissing, at: offset) }
        case JPEGMarker.huffman, JPEGMarker.quantization, JPEGMarker.restartInterval,
            JPEGMarker.comment:
            break
        case JPEGMarker.start: throw Refused(.jpegSecondStart, at: offset)
        case JPEGMarker.restarts: throw Refused(.jpegRestart, at: offset)
        case _ where JPEGMarker.isForeignProcess(marker): throw Refused(.jpegProcess, at: offset)
        default: throw Refused(.jpegMarker, at: offset)
        }
    }

    /// Reads the segment whose length field is at `offset`; returns the offset of the next marker.
    private mutating func segment(
        _ marker: UInt8, _ bytes: RawSpan, at offset: Int
    ) throws(Refused) -> Int {
        let length = try need(bytes.u16(offset), .jpegTruncated, at: offset)
        segmentCount += 1
        // The two lengths that read "/*" and "//": with FF D8 FF E0 as an identifier before them,
        // the file is a script.
        if segmentCount == 1, length == 0x2F2A || length == 0x2F2F {
            throw Refused(.jpegScriptLength, at: offset)
        }
        guard segmentCount <= Limits.jpegSegments else { throw Refused(.jpegSegments, at: offset) }
        guard length >= 2 else { throw Refused(.jpegSegmentLength, at: offset) }
        let end = offset + length
        guard end <= bytes.byteCount else { throw Refused(.jpegTruncated, at: offset) }
        return try content(marker, bytes, (offset + 2)..<end)
    }

    private mutating func content(
        _ marker: UInt8, _ bytes: RawSpan, _ payload: Range<Int>
    ) throws(Refused) -> Int {
        switch marker {
        case JPEGMarker.frames:
            frame = try JPEGFrame(bytes, payload, marker: marker, policy: policy)
        case JPEGMarker.huffman:
            try tables.defineHuffman(bytes, payload)
            segments.append(JPEGSegment(marker: marker, payload: payload))
        case JPEGMarker.quantization:
            try tables.defineQuantization(bytes, payload)
            segments.append(JPEGSegment(marker: marker, payload: payload))
        case JPEGMarker.restartInterval:
            guard payload.count == 2 else {
                throw Refused(.jpegSegmentLength, at: payload.lowerBound)
            }
            tables.restartInterval = try need(
                bytes.u16(payload.lowerBound), .jpegTruncated, at: payload.lowerBound)
        case JPEGMarker.scan: return try scan(bytes, payload)
        default: try metadata(marker, payload)
        }
        return payload.upperBound
    }

    private mutating func metadata(_ marker: UInt8, _ payload: Range<Int>) throws(Refused) {
        metadataBytes += payload.count
        guard metadataBytes <= policy.maxMetadataBytes else {
            throw Refused(.metadataTooLarge, at: payload.lowerBound)
        }
        segments.append(JPEGSegment(marker: marker, payload: payload))
    }

    /// Reads a scan's header and its entropy-coded data; returns the offset of the next marker.
    private mutating func scan(_ bytes: RawSpan, _ header: Range<Int>) throws(Refused) -> Int {
        let start = header.lowerBound
        guard let frame else { throw Refused(.jpegFrameMissing, at: start) }
        scans += 1
        guard scans <= policy.maxScans else { throw Refused(.jpegScans, at: start) }
        guard let cost = product(scans, frame.width * frame.height),
            cost <= policy.maxDecodedPixels
        else { throw Refused(.jpegScanCost, at: start) }
        let scan = try JPEGScan(bytes, header, frame: frame)
        try tables.check(scan, of: frame, at: start)
        try progress.advance(scan, of: frame, at: start)
        return try scan.entropy(
            bytes, from: header.upperBound, frame: frame, interval: tables.restartInterval)
    }

    private func finished(_ bytes: RawSpan, end: Int) throws(Refused) -> JPEGImage {
        guard let frame else { throw Refused(.jpegFrameMissing, at: end - 2) }
        guard scans > 0, progress.covers(frame) else {
            throw Refused(.jpegScanMissing, at: end - 2)
        }
        return JPEGImage(frame: frame, scans: scans, segments: segments, end: end)
    }
}
