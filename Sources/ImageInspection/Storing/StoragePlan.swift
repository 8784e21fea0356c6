// StoragePlan: what of an upload is stored, as ranges of it and a few bytes made anew. No part lies
// further back than the place it is moved to, so that a plan can be carried out in the upload's own
// memory, from front to back.

/// Which bytes are stored, in order.
package struct StoragePlan: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        /// Bytes of the upload.
        case kept(Range<Int>)
        /// Bytes that stand in place of others, at least as many.
        case made([UInt8])
    }

    package private(set) var parts: [Part] = []
    /// Bytes of all parts.
    package private(set) var byteCount = 0
    /// Up to here the upload is planned.
    private var planned = 0

    /// The upload from its first byte up to `end`.
    init(keepingTo end: Int) {
        keep(to: end)
    }

    /// Everything before `end` but the ranges, which are in order and apart; each is replaced by as
    /// many of its new bytes as it has room for.
    init(keepingTo end: Int, replacing ranges: [(range: Range<Int>, bytes: [UInt8])]) {
        for (range, bytes) in ranges where range.lowerBound >= planned && range.upperBound <= end {
            keep(to: range.lowerBound)
            planned = range.upperBound
            let bytes = Array(bytes.prefix(range.count))
            guard !bytes.isEmpty else { continue }
            parts.append(.made(bytes))
            byteCount += bytes.count
        }
        keep(to: end)
    }

    private mutating func keep(to end: Int) {
        guard end > planned else { return }
        parts.append(.kept(planned..<end))
        byteCount += end - planned
        planned = end
    }
}
