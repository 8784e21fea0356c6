// PNGWalk: the chunks of one PNG from signature to IEND (PNG 3rd edition §5), each with the right
// CRC, in a legal order, with nothing after the last. The picture data is located here and inflated
// elsewhere.
import VaultFormat

struct PNGImage {
    let header: PNGHeader
    /// Every chunk but the picture data, in file order.
    let chunks: [PNGChunk]
    let data: [PNGFacts.DataPart]
    let frames: [PNGFacts.Frame]
    let compressed: [PNGFacts.Compressed]
}

struct PNGWalk {
    let policy: InspectionPolicy
    private let header: PNGHeader
    private var chunks: [PNGChunk] = []
    private var data: [PNGFacts.DataPart] = []
    private var dataChunks = 0
    private var dataEnded = false
    private var metadataBytes = 0
    private var rules: PNGChunkRules
    private var animation: PNGAnimation
    private var compressed: [PNGFacts.Compressed] = []

    private init(policy: InspectionPolicy, header: PNGHeader) {
        self.policy = policy
        self.header = header
        rules = PNGChunkRules(header: header)
        animation = PNGAnimation(header: header, policy: policy)
    }

    static let signatureBytes = 8

    /// Walks the PNG at the start of `bytes`, whose signature the caller knows.
    static func walk(_ bytes: RawSpan, policy: InspectionPolicy) throws(Refused) -> PNGImage {
        let first = try PNGChunk(bytes, at: signatureBytes)
        guard first.type == .IHDR else { throw Refused(.pngHeaderMissing, at: signatureBytes) }
        var walk = PNGWalk(
            policy: policy, header: try PNGHeader(bytes, first, policy: policy))
        var offset = first.end
        while true {
            let chunk = try PNGChunk(bytes, at: offset)
            try walk.take(bytes, chunk)
            offset = chunk.end
            if chunk.type == .IEND { break }
        }
        guard offset == bytes.byteCount else { throw Refused(.trailerData, at: offset) }
        return try walk.finished(bytes, end: offset)
    }

    private mutating func take(_ bytes: RawSpan, _ chunk: PNGChunk) throws(Refused) {
        let start = chunk.content.lowerBound
        if chunk.type == .IDAT || chunk.type == .fdAT {
            dataChunks += 1
            guard dataChunks <= Limits.pngDataChunks else { throw Refused(.pngChunks, at: start) }
        } else {
            guard chunks.count < Limits.pngChunks else { throw Refused(.pngChunks, at: start) }
            metadataBytes += chunk.content.count
            guard metadataBytes <= policy.maxMetadataBytes else {
                throw Refused(.metadataTooLarge, at: start)
            }
            chunks.append(chunk)
        }
        if chunk.type == .IDAT { return try takeData(chunk) }
        if !data.isEmpty { dataEnded = true }
        try rules.check(chunk, afterData: !data.isEmpty)
        try animation.take(bytes, chunk, afterData: !data.isEmpty)
        if let part = try PNGText.compressed(bytes, chunk) { compressed.append(part) }
    }

    private mutating func takeData(_ chunk: PNGChunk) throws(Refused) {
        let start = chunk.content.lowerBound
        guard !dataEnded else { throw Refused(.pngDataSplit, at: start) }
        try rules.checkPaletteBeforeData(at: start)
        data.append(PNGFacts.DataPart(offset: start, length: chunk.content.count))
    }

    private func finished(_ bytes: RawSpan, end: Int) throws(Refused) -> PNGImage {
        guard !data.isEmpty else { throw Refused(.pngDataMissing, at: end) }
        try PNGZlib.check(bytes, data, inflatedBytes: header.inflatedBytes)
        let frames = try animation.finished(bytes, at: end)
        return PNGImage(
            header: header, chunks: chunks, data: data, frames: frames, compressed: compressed)
    }
}
