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

    /// Adds a complete subtree, by its root; two of equal size become one.
    ///
    /// - Parameters:
    ///   - height: of the subtree, 0 for a leaf; the size is a multiple of its 2^height leaves.
    ///   - made: is told each node that this completes: its height, its place among those of that height,
    ///     and its hash.
    package mutating func append(
        _ subtree: Digest256, height: Int = 0, hash: NodeHash,
        made: (_ height: Int, _ place: UInt64, _ node: Digest256) -> Void = { _, _, _ in }
    ) {
        var (node, height) = (subtree, height)
        let leaves: UInt64 = 1 << UInt64(height)
        let first = size
        while size >> UInt64(height) & 1 == 1 {
            node = hash(subtrees.removeLast(), node)
            height += 1
            made(height, first >> UInt64(height), node)
        }
        subtrees.append(node)
        size += leaves
    }

    /// The root of a tree that is not empty; for the empty one, nil stands for SHA-256 of nothing.
    package func root(hash: NodeHash) -> Digest256? {
        guard var node = subtrees.last else { return nil }
        for left in subtrees.dropLast().reversed() { node = hash(left, node) }
        return node
    }
}

/// The largest complete subtrees that make up a range of leaves, in their order. RFC 9162 §2.1.
package struct SubtreeCover: Sequence, IteratorProtocol {
    /// A complete subtree: the `place`th of its height.
    package struct Subtree: Hashable, Sendable {
        package let height: Int
        package let place: UInt64

        package var leaves: UInt64 { 1 << UInt64(height) }

        package init(height: Int, place: UInt64) {
            self.height = height
            self.place = place
        }
    }

    private var position: UInt64
    private let end: UInt64

    package init(_ leaves: Range<UInt64>) {
        position = leaves.lowerBound
        end = leaves.upperBound
    }

    package mutating func next() -> Subtree? {
        guard position < end else { return nil }
        let room = 63 - (end - position).leadingZeroBitCount
        let height = Swift.min(position.trailingZeroBitCount, room, BundleItem.highest)
        defer { position += 1 << UInt64(height) }
        return Subtree(height: height, place: position >> UInt64(height))
    }
}
