// JPEGFrame: the frame header (ITU T.81, B.2.2) and the arithmetic of its units (A.1, A.2).
// Sides are below 2^16 and factors at most 4, so no product here overflows.
import VaultFormat

struct JPEGFrame {
    struct Component {
        let id: UInt8
        let horizontal: Int
        let vertical: Int
        let quantization: Int
    }

    let width: Int
    let height: Int
    let isProgressive: Bool
    let components: [Component]
    private let maxHorizontal: Int
    private let maxVertical: Int

    init(
        _ bytes: RawSpan, _ payload: Range<Int>, marker: UInt8, policy: InspectionPolicy
    ) throws(Refused) {
        let start = payload.lowerBound
        guard payload.count >= 6 else { throw Refused(.jpegSegmentLength, at: start) }
        let precision = try need(bytes.u8(start), .jpegTruncated, at: start)
        height = try need(bytes.u16(start + 1), .jpegTruncated, at: start)
        width = try need(bytes.u16(start + 3), .jpegTruncated, at: start)
        let count = Int(try need(bytes.u8(start + 5), .jpegTruncated, at: start))
        guard precision == 8 else { throw Refused(.jpegPrecision, at: start) }
        // A height of zero announces a DNL segment, which no decoder in use follows.
        guard width > 0, height > 0 else { throw Refused(.dimensionsZero, at: start + 1) }
        guard width * height <= policy.maxPixels else {
            throw Refused(.dimensionsAbsurd, at: start + 1)
        }
        guard [1, 3, 4].contains(count) else { throw Refused(.jpegComponents, at: start + 5) }
        guard payload.count == 6 + 3 * count else { throw Refused(.jpegSegmentLength, at: start) }
        components = try Self.components(bytes, at: start + 6, count: count)
        isProgressive = marker == 0xC2
        maxHorizontal = components.map(\.horizontal).max() ?? 1
        maxVertical = components.map(\.vertical).max() ?? 1
    }

    private static func components(
        _ bytes: RawSpan, at start: Int, count: Int
    ) throws(Refused) -> [Component] {
        var components: [Component] = []
        for index in 0..<count {
            let offset = start + 3 * index
            let id = try need(bytes.u8(offset), .jpegTruncated, at: offset)
            let factors = Int(try need(bytes.u8(offset + 1), .jpegTruncated, at: offset))
            let table = Int(try need(bytes.u8(offset + 2), .jpegTruncated, at: offset))
            guard !components.contains(where: { $0.id == id }) else {
                throw Refused(.jpegComponents, at: offset)
            }
            guard (1...4).contains(factors >> 4), (1...4).contains(factors & 15) else {
                throw Refused(.jpegSampling, at: offset + 1)
            }
            guard table <= 3 else { throw Refused(.jpegQuantization, at: offset + 2) }
            components.append(
                Component(
                    id: id, horizontal: factors >> 4, vertical: factors & 15, quantization: table))
        }
        return components
    }

    /// Coded units of a scan, and blocks in all of them: an interleaved scan codes whole minimum
    /// coded units, a scan of one component codes only the blocks that its samples need (A.2).
    func units(of indices: [Int]) -> (count: Int, blocks: Int) {
        if indices.count == 1, let index = indices.first, components.indices.contains(index) {
            let component = components[index]
            let columns = ceilDivide(ceilDivide(width * component.horizontal, maxHorizontal), 8)
            let rows = ceilDivide(ceilDivide(height * component.vertical, maxVertical), 8)
            return (columns * rows, columns * rows)
        }
        let count = ceilDivide(width, 8 * maxHorizontal) * ceilDivide(height, 8 * maxVertical)
        return (count, count * blocksPerUnit(indices))
    }

    /// Blocks in one interleaved unit of these components; B.2.3 allows at most 10.
    func blocksPerUnit(_ indices: [Int]) -> Int {
        var blocks = 0
        for index in indices where components.indices.contains(index) {
            blocks += components[index].horizontal * components[index].vertical
        }
        return blocks
    }
}
