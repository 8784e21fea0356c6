/// The right edge of an RFC 6962 Merkle tree: one hash for each complete subtree, largest first.
/// It is all that appending needs. LogFormat §4; RFC 6962 §2.1, RFC 9162 §2.1.
package struct MerkleFrontier: Hashable, Sendable {
    /// Hashes two nodes as `SHA-256(0x01 ‖ left ‖ right)`.
    package typealias NodeHash = (Digest256, Digest256) -> Digest256

    package private(set) var size: UInt64
    package private(set) var subtrees: [Digest256]

    /// The frontier of the empty tree.
    package static let empty = MerkleFrontier(size: 0, subtrees: [])

    private init(size: UInt64, subtrees: [Digest256]) {
        self.size = size
        self.subtrees = subtrees
    }

    /// - Throws: ``FormatError`` unless there is one hash for each bit set in `size`.
    package init(size: UInt64, packed: [UInt8]) throws(FormatError) {
        guard packed.count == size.nonzeroBitCount * Digest256.byteCount else {
            throw .wrongLength(
                expected: size.nonzeroBitCount * Digest256.byteCount, actual: packed.count)
        }
        self.init(
            size: size,
            subtrees: stride(from: 0, to: packed.count, by: Digest256.byteCount).map {
                Digest256(checked: Array(packed[$0..<$0 + Digest256.byteCount]))
            })
    }

    package var packed: [UInt8] { subtrees.flatMap(\.bytes) }

    /// Adds the hash of one leaf; two complete subtrees of equal size become one.
    package mutating func append(_ leaf: Digest256, hash: NodeHash) {
        var node = leaf
        for _ in 0..<size.trailingOnes {
            node = hash(subtrees.removeLast(), node)
        }
        subtrees.append(node)
        size += 1
    }

    /// The root of a tree that is not empty; for the empty one, nil stands for SHA-256 of nothing.
    package func root(hash: NodeHash) -> Digest256? {
        guard var node = subtrees.last else { return nil }
        for left in subtrees.dropLast().reversed() { node = hash(left, node) }
        return node
    }
}

extension UInt64 {
    /// How many of the lowest bits are ones, counted up to the first zero.
    fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}
