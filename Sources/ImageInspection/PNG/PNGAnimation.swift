// PNGAnimation: the frames of an animated PNG (PNG 3rd edition §11.3.6): announced once, numbered
// without a gap, inside the canvas, and bounded in sum.
import VaultFormat

struct PNGAnimation {
    private let header: PNGHeader
    private let policy: InspectionPolicy
    private var announced: Int?
    private var controls = 0
    private var sequence: UInt32 = 0
    private var pixels = 0
    private var inflatedBytes = 0
    /// Whether the latest frame is the IDAT picture itself.
    private var awaitsPicture = false
    private var frames: [PNGFacts.Frame] = []

    init(header: PNGHeader, policy: InspectionPolicy) {
        self.header = header
        self.policy = policy
        pixels = header.width * header.height
        inflatedBytes = header.inflatedBytes
    }

    /// Takes any chunk but IDAT; those of no animation are ignored.
    mutating func take(
        _ bytes: RawSpan, _ chunk: PNGChunk, afterData: Bool
    ) throws(Refused) {
        let start = chunk.content.lowerBound
        switch chunk.type {
        case .acTL:
            guard policy.allowsAnimation else { throw Refused(.pngAnimationNotAllowed, at: start) }
            let count = try need(bytes.u32(start), .pngTruncated, at: start)
            guard (1...UInt32(Limits.animationFrames)).contains(count) else {
                throw Refused(.pngAnimation, at: start)
            }
            announced = Int(count)
        case .fcTL:
            try takeSequence(bytes, at: start)
            try takeControl(bytes, at: start, afterData: afterData)
        case .fdAT:
            try takeSequence(bytes, at: start)
            try takeData(chunk, afterData: afterData)
        default: break
        }
    }

    private mutating func takeSequence(_ bytes: RawSpan, at start: Int) throws(Refused) {
        guard announced != nil, bytes.u32(start) == sequence else {
            throw Refused(.pngAnimation, at: start)
        }
        sequence &+= 1
    }

    private mutating func takeControl(
        _ bytes: RawSpan, at start: Int, afterData: Bool
    ) throws(Refused) {
        let width = Int(try need(bytes.u32(start + 4), .pngTruncated, at: start))
        let height = Int(try need(bytes.u32(start + 8), .pngTruncated, at: start))
        let left = Int(try need(bytes.u32(start + 12), .pngTruncated, at: start))
        let top = Int(try need(bytes.u32(start + 16), .pngTruncated, at: start))
        let dispose = try need(bytes.u8(start + 24), .pngTruncated, at: start)
        let blend = try need(bytes.u8(start + 25), .pngTruncated, at: start)
        controls += 1
        guard controls <= announced ?? 0, width > 0, height > 0, left + width <= header.width,
            top + height <= header.height, dispose <= 2, blend <= 1
        else { throw Refused(.pngAnimation, at: start) }
        guard afterData else { return try takePictureControl(width, height, at: start) }
        guard frames.last.map({ !$0.data.isEmpty }) ?? true,
            let inflated = header.inflated(width: width, height: height)
        else { throw Refused(.pngAnimation, at: start) }
        // A frame has no more pixels than the canvas, which fits an Int; only the sums may not.
        let (sum, overflow) = pixels.addingReportingOverflow(width * height)
        let (bytes, bytesOverflow) = inflatedBytes.addingReportingOverflow(inflated)
        guard !overflow, sum <= policy.maxDecodedPixels, !bytesOverflow,
            bytes <= Limits.animationBytes
        else { throw Refused(.dimensionsAbsurd, at: start) }
        (pixels, inflatedBytes) = (sum, bytes)
        frames.append(PNGFacts.Frame(width: width, height: height, inflatedBytes: inflated))
    }

    /// A control before IDAT makes the picture the first frame: one only, the whole canvas.
    private mutating func takePictureControl(
        _ width: Int, _ height: Int, at start: Int
    ) throws(Refused) {
        guard !awaitsPicture, width == header.width, height == header.height else {
            throw Refused(.pngAnimation, at: start)
        }
        awaitsPicture = true
    }

    private mutating func takeData(_ chunk: PNGChunk, afterData: Bool) throws(Refused) {
        let start = chunk.content.lowerBound
        guard afterData, !frames.isEmpty, chunk.content.count >= 4 else {
            throw Refused(.pngAnimation, at: start)
        }
        frames[frames.count - 1].data.append(
            PNGFacts.DataPart(offset: start + 4, length: chunk.content.count - 4))
    }

    /// The frames beside the picture, each with data that can be what it must inflate to.
    func finished(_ bytes: RawSpan, at end: Int) throws(Refused) -> [PNGFacts.Frame] {
        guard controls == announced ?? 0 else { throw Refused(.pngAnimation, at: end) }
        for frame in frames {
            guard !frame.data.isEmpty else { throw Refused(.pngAnimation, at: end) }
            try PNGZlib.check(bytes, frame.data, inflatedBytes: frame.inflatedBytes)
        }
        return frames
    }
}
