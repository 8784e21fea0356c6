/// The right edge of an RFC 6962 Merkle tree: one hash for each complete subtree, largest first.
/// It is all that appending needs. LogFormat §4; RFC 6962 §2.1, RFC 9162 §2.1.
package struct MerkleFrontier: Hashable, Sendable {
    /// Hashes two nodes as `SHA-256(0x01 ‖ left ‖ right)`.
    package typealias NodeHash = (SHA256Digest, SHA256Digest) -> SHA256Digest

    package private(set) var size: UInt64
    package private(set) var subtrees: [SHA256Digest]

    /// The frontier of the empty tree.
    package static let empty = MerkleFrontier(size: 0, subtrees: [])

    private init(size: UInt64, subtrees: [SHA256Digest]) {
        self.size = size
        self.subtrees = subtrees
    }

    /// - Throws: ``FormatError`` unless there is one hash for each bit set in `size`.
    package init(size: UInt64, packed: [UInt8]) throws(FormatError) {
        guard packed.count == size.nonzeroBitCount * SHA256Digest.byteCount else {
            throw .wrongLength(
                expected: size.nonzeroBitCount * SHA256Digest.byteCount, actual: packed.count)
        }
        self.init(
            size: size,
            subtrees: stride(from: 0, to: packed.count, by: SHA256Digest.byteCount).map {
                SHA256Digest(checked: Array(packed[$0..<$0 + SHA256Digest.byteCount]))
            })
    }

    package var packed: [UInt8] { subtrees.flatMap(\.bytes) }

    /// Adds the hash of one leaf; two complete subtrees of equal size become one.
    package mutating func append(_ leaf: SHA256Digest, hash: NodeHash) {
        var node = leaf
        for _ in 0..<size.trailingOnes {
            node = hash(subtrees.removeLast(), node)
        }
        subtrees.append(node)
        size += 1
    }

    /// The root of a tree that is not empty; for the empty one, nil stands for SHA-256 of nothing.
    package func root(hash: NodeHash) -> SHA256Digest? {
        guard var node = subtrees.last else { return nil }
        for left in subtrees.dropLast().reversed() { node = hash(left, node) }
        return node
    }
}

extension UInt64 {
    /// How many of the lowest bits are ones, counted up to the first zero.
    fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}
