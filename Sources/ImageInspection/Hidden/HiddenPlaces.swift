// HiddenPlaces: where something hidden may begin, found while a file arrives and its bytes are still in the cache. What
// stands there HiddenFile judges once the file is whole.

/// The places of a file that HiddenFile has to look at, as far as the file was read.
package struct HiddenPlaces: Sendable {
    /// Places that are remembered, 16 KB: chance alone brings about one in ten megabytes. A file that has more is
    /// searched as if it had not been read from there on.
    private static let most = 1 << 12

    /// In order.
    private(set) var offsets: [UInt32] = []
    /// Where the search goes on: everything before was read.
    private(set) var next = 0

    package init() {}

    /// Reads on to the last block that is there with whatever may begin in it.
    ///
    /// - Parameter arrived: the file from its beginning; what was read before is as it was.
    package mutating func read(_ arrived: RawSpan) {
        while offsets.count < Self.most {
            let block = arrived.nextPairs(from: next)
            next = block.offset
            guard block.isWhole(in: arrived) else { return }
            block.forEachMark { offset in
                if HiddenFile.mayBegin(arrived, at: offset) { offsets.append(UInt32(offset)) }
            }
            next += PairBlock.byteCount
        }
    }
}
