// JPEGScan: a scan's header (ITU T.81, B.2.3, G.1.1.1) and its entropy-coded data. The data is not
// decoded here: only its markers are walked, and its length is held against the fewest bits that
// its blocks can be coded in.
import VaultFormat

struct JPEGScan {
    struct Part {
        /// Index in the frame's components.
        let component: Int
        /// Destinations of the Huffman tables for DC and AC coefficients, 0 to 3.
        let direct: Int
        let alternating: Int
    }

    let parts: [Part]
    /// First and last coefficient in zigzag order, 0 to 63.
    let spectrum: ClosedRange<Int>
    /// Successive approximation: bit position before (0 in a first scan) and after this scan.
    let high: Int
    let low: Int

    init(_ bytes: RawSpan, _ payload: Range<Int>, frame: JPEGFrame) throws(Refused) {
        let start = payload.lowerBound
        let count = Int(try need(bytes.u8(start), .jpegScanHeader, at: start))
        guard (1...4).contains(count), payload.count == 4 + 2 * count else {
            throw Refused(.jpegScanHeader, at: start)
        }
        parts = try Self.parts(bytes, at: start + 1, count: count, frame: frame)
        let tail = start + 1 + 2 * count
        let first = Int(try need(bytes.u8(tail), .jpegTruncated, at: tail))
        let last = Int(try need(bytes.u8(tail + 1), .jpegTruncated, at: tail))
        let bits = Int(try need(bytes.u8(tail + 2), .jpegTruncated, at: tail))
        guard first <= last, last <= 63 else { throw Refused(.jpegProgression, at: tail) }
        spectrum = first...last
        high = bits >> 4
        low = bits & 15
        guard isLegal(for: frame) else { throw Refused(.jpegProgression, at: tail) }
        guard count == 1 || frame.blocksPerUnit(parts.map(\.component)) <= 10 else {
            throw Refused(.jpegSampling, at: start)
        }
    }

    private static func parts(
        _ bytes: RawSpan, at start: Int, count: Int, frame: JPEGFrame
    ) throws(Refused) -> [Part] {
        var parts: [Part] = []
        for index in 0..<count {
            let offset = start + 2 * index
            let id = try need(bytes.u8(offset), .jpegTruncated, at: offset)
            let selectors = Int(try need(bytes.u8(offset + 1), .jpegTruncated, at: offset))
            guard let component = frame.components.firstIndex(where: { $0.id == id }),
                !parts.contains(where: { $0.component == component }),
                selectors >> 4 <= 3, selectors & 15 <= 3
            else { throw Refused(.jpegScanHeader, at: offset) }
            parts.append(
                Part(component: component, direct: selectors >> 4, alternating: selectors & 15))
        }
        return parts
    }

    /// Table B.3: a sequential scan codes everything at once; a progressive one codes DC alone, or
    /// a band of AC coefficients of one component, and refines by one bit at a time.
    private func isLegal(for frame: JPEGFrame) -> Bool {
        guard frame.isProgressive else { return spectrum == 0...63 && high == 0 && low == 0 }
        guard low <= 13, high == 0 || high == low + 1 else { return false }
        return spectrum.lowerBound == 0 ? spectrum.upperBound == 0 : parts.count == 1
    }

    /// Whether a DC Huffman table is used: refining DC bits needs none (G.1.2.1).
    func needsDirect(_ frame: JPEGFrame) -> Bool {
        !frame.isProgressive || (spectrum.lowerBound == 0 && high == 0)
    }

    func needsAlternating(_ frame: JPEGFrame) -> Bool {
        !frame.isProgressive || spectrum.lowerBound > 0
    }

    /// Walks the entropy-coded segments from `start`; returns the offset of the marker that ends
    /// them. Restart markers must count modulo 8, one between two intervals (F.1.2.3); one more at
    /// the end is common and harmless.
    func entropy(
        _ bytes: RawSpan, from start: Int, frame: JPEGFrame, interval: Int
    ) throws(Refused) -> Int {
        var offset = start
        var restarts = 0
        var overhead = 0
        walk: while true {
            offset = bytes.firstFF(from: offset, to: bytes.byteCount)
            switch try need(bytes.u8(offset + 1), .jpegTruncated, at: bytes.byteCount) {
            case 0:
                overhead += 1
                offset += 2
            case 0xFF:
                overhead += 1
                offset += 1
            case let marker where JPEGMarker.restarts.contains(marker):
                guard interval > 0, Int(marker & 7) == restarts % 8 else {
                    throw Refused(.jpegRestart, at: offset)
                }
                restarts += 1
                overhead += 2
                offset += 2
            default: break walk
            }
        }
        let units = frame.units(of: parts.map(\.component))
        let bits = 8 * (offset - start - overhead)
        guard bits >= fewestBits(blocks: units.blocks, frame) else {
            throw Refused(.jpegScanShort, at: offset)
        }
        if interval > 0 {
            let expected = ceilDivide(units.count, interval) - 1
            guard (expected...expected + 1).contains(restarts) else {
                throw Refused(.jpegRestart, at: offset)
            }
        }
        return offset
    }

    /// A block costs one bit for DC and, in a sequential scan, one more to end its AC part. A band
    /// of AC coefficients can end 32,767 blocks at once, so it needs one bit in all.
    private func fewestBits(blocks: Int, _ frame: JPEGFrame) -> Int {
        if !frame.isProgressive { return 2 * blocks }
        return spectrum.lowerBound == 0 ? blocks : 1
    }
}
