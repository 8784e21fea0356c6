// Level `decode` of a PNG: what is compressed in it is inflated, and comes out as it must. The
// pixels and each frame of an animation to exactly their size, in rows with known filters; texts
// and profiles under a cap, and searched for hidden text. Inflating is the decoding: what is left,
// undoing the filters, cannot fail.

import ImageInspection
import VaultFormat

struct PNGDecode {
    private let inflater: Inflater
    private let facts: PNGFacts
    private let width: Int
    private let height: Int
    private(set) var inflatedBytes = 0

    init(inflater: Inflater, facts: PNGFacts, width: Int, height: Int) {
        self.inflater = inflater
        self.facts = facts
        self.width = width
        self.height = height
    }

    mutating func run(_ image: borrowing Span<UInt8>) -> DecodeOutcome {
        var outcome = texts(image)
        if outcome == .sound {
            outcome = pixels(image, facts.data, width, height, facts.inflatedBytes)
        }
        for frame in facts.frames where outcome == .sound {
            outcome = pixels(image, frame.data, frame.width, frame.height, frame.inflatedBytes)
        }
        return outcome
    }

    private mutating func pixels(
        _ image: borrowing Span<UInt8>, _ parts: [PNGFacts.DataPart], _ width: Int, _ height: Int,
        _ expected: Int
    ) -> DecodeOutcome {
        let fresh = PNGRows(
            width: width, height: height, bitsPerPixel: facts.bitsPerPixel,
            isInterlaced: facts.isInterlaced)
        let ranges = parts.map(\.range)
        var rows = fresh
        let isWhole = WholeInflater.shared.inflates(ranges, of: image, exactly: expected) {
            rows.take($0)
        }
        if isWhole {
            inflatedBytes += expected
            return .sound
        }
        // Too large for one go, or not sound: through the window it is found out which.
        rows = fresh
        let end = inflater.inflate(ranges, of: image, most: expected) { rows.take($0) }
        switch end {
        case .whole(let bytes):
            inflatedBytes += bytes
            return bytes == expected ? .sound : .pixelsTooFew
        case .damaged: return .pixelsDamaged
        case .truncated: return .pixelsTooFew
        case .tooLong: return .pixelsTooMany
        case .bytesAfter: return .bytesAfterPixels
        case .stopped: return .unknownFilter
        }
    }

    /// All texts and profiles share one cap. A damaged profile refuses nothing, as in the walk: what
    /// can be read of it is searched.
    private mutating func texts(_ image: borrowing Span<UInt8>) -> DecodeOutcome {
        var left = Limits.workerTextBytes
        for part in facts.compressed {
            var text: [UInt8] = []
            let range = part.offset..<part.offset + part.length
            let end = inflater.inflate([range], of: image, most: left) { piece in
                text.append(contentsOf: piece)
                return true
            }
            inflatedBytes += text.count
            left -= text.count
            switch end {
            case .whole: break
            case .tooLong: return .textTooLong
            default: if part.kind == .text { return .textDamaged }
            }
            if TextSearch.hidesSomething(text) { return .textHidden }
        }
        return .sound
    }
}

extension PNGFacts.DataPart {
    fileprivate var range: Range<Int> { offset..<offset + length }
}

extension [UInt8] {
    fileprivate mutating func append(contentsOf piece: borrowing Span<UInt8>) {
        // The buffer is the span's own, read inside the closure.
        unsafe piece.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
