// HiddenPlaces: where something hidden may begin, found while a file arrives and its bytes are still in the cache. They
// say nothing of what stands there: HiddenFile judges that once the file is whole.

/// The blocks of a file that HiddenFile has to look at, as far as the file was read.
package struct HiddenPlaces: Sendable {
    /// Blocks that are remembered, 256 KB: four times what 10 MB of random bytes have, where one in twenty is marked.
    /// A file that has more is searched as if it had not been read from there on.
    private static let mostBlocks = 1 << 16

    /// Where they begin, in order.
    private(set) var blocks: [UInt32] = []
    /// Where the next block begins: everything before was read.
    private(set) var next = 0

    package init() {}

    /// Reads on to the last whole block.
    ///
    /// - Parameter arrived: the file from its beginning; what was read before is as it was.
    package mutating func read(_ arrived: RawSpan) {
        while blocks.count < Self.mostBlocks {
            let block = arrived.nextPairs(from: next)
            next = block.offset
            guard block.isWhole(in: arrived) else { return }
            blocks.append(UInt32(block.offset))
            next += PairBlock.byteCount
        }
    }
}
