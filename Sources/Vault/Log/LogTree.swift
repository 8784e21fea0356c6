// The tree over the log's leaves, as far as rows hold it. LogFormat §4.

import VaultCrypto
package import VaultFormat

/// Hashes of the tree, made from the rows of contents and of stored subtrees.
///
/// Rows that somebody changed make other hashes: a proof and a checkpoint are compared with the frontier's root first,
/// a tile by who reads it.
package struct LogTree {
    private let reader: any CatalogReader
    /// The nodes of tiles that were asked for last: of each height within the tile, lowest first.
    private var tiles: [SubtreeCover.Subtree: [[Digest256]]] = [:]

    /// Heights between two rows of stored hashes.
    static let step = 8

    package init(_ reader: any CatalogReader) { self.reader = reader }

    /// - Throws: ``StorageError/damaged`` where rows are missing.
    package mutating func hash(
        of subtree: SubtreeCover.Subtree
    ) throws(StorageError) -> Digest256 {
        let base = subtree.height / Self.step * Self.step
        let rise = subtree.height - base
        let tile = SubtreeCover.Subtree(
            height: base + Self.step, place: subtree.place >> UInt64(Self.step - rise))
        let nodes = try nodes(of: tile)[rise]
        let first = tile.place << UInt64(Self.step - rise)
        guard let node = nodes.dropFirst(Int(subtree.place - first)).first else { throw .damaged }
        return node
    }

    /// - Throws: ``StorageError/damaged`` where rows are missing.
    package mutating func frontier(at size: UInt64) throws(StorageError) -> MerkleFrontier {
        var frontier = MerkleFrontier.empty
        for subtree in SubtreeCover(0..<size) {
            frontier.append(try hash(of: subtree), height: subtree.height, hash: LogHash.node)
        }
        return frontier
    }

    package mutating func root(at size: UInt64) throws(StorageError) -> Digest256 {
        try frontier(at: size).root(hash: LogHash.node) ?? LogHash.empty
    }

    /// The hashes of a tile: as many of its 256 as there are.
    package func row(
        height: Int, _ places: Range<UInt64>
    ) throws(StorageError) -> [Digest256] {
        height == 0
            ? try reader.contents(places).map(LogHash.leaf)
            : try reader.subtrees(height: height, places)
    }

    private mutating func nodes(
        of tile: SubtreeCover.Subtree
    ) throws(StorageError) -> [[Digest256]] {
        if let known = tiles[tile] { return known }
        let first = tile.place << UInt64(Self.step)
        var rows = [try row(height: tile.height - Self.step, first..<first + 256)]
        for height in 1..<Self.step {
            let below = rows[height - 1]
            rows.append(
                stride(from: 0, to: below.count - below.count % 2, by: 2).map {
                    LogHash.node(below[$0], below[$0 + 1])
                })
        }
        if tiles.count >= Limits.logTilesKept { tiles.removeAll(keepingCapacity: true) }
        tiles[tile] = rows
        return rows
    }
}

extension LogTree {
    /// Makes the stored subtrees of a log that was written before there were any. Where an event is missing it
    /// ends: the log is served as far as it goes, a check tells, and no bundle reaches over it.
    ///
    /// - Throws: ``StorageError``.
    static func complete(_ catalog: any Catalog) throws(StorageError) {
        var height = step
        var size = try catalog.read { (reader) throws(StorageError) in
            try reader.frontier().size
        }
        while size >> UInt64(step) > 0 {
            size >>= UInt64(step)
            guard try complete(catalog, height: height, count: size) else { return }
            height += step
        }
    }

    /// - Returns: false where rows below are missing.
    private static func complete(
        _ catalog: any Catalog, height: Int, count: UInt64
    ) throws(StorageError) -> Bool {
        var place = try firstMissing(catalog, height: height, count: count)
        while place < count {
            let end = min(place + UInt64(Limits.logTilesAtOnce), count)
            let isWhole = try catalog.write { (writer) throws(StorageError) in
                for place in place..<end {
                    let row = try LogTree(writer).row(
                        height: height - step, place << UInt64(step)..<(place + 1) << UInt64(step))
                    var tree = MerkleFrontier.empty
                    for node in row { tree.append(node, hash: LogHash.node) }
                    guard row.count == 1 << step, let root = tree.subtrees.first else {
                        return false
                    }
                    try writer.insertSubtree(height: height, place: place, root)
                }
                return true
            }
            guard isWhole else { return false }
            place = end
        }
        return true
    }

    /// Rows are made in their order: the first place without one is found by halving.
    private static func firstMissing(
        _ catalog: any Catalog, height: Int, count: UInt64
    ) throws(StorageError) -> UInt64 {
        try catalog.read { (reader) throws(StorageError) in
            var (low, high) = (UInt64(0), count)
            while low < high {
                let middle = low + (high - low) / 2
                if try reader.subtrees(height: height, middle..<middle + 1).isEmpty {
                    high = middle
                } else {
                    low = middle + 1
                }
            }
            return low
        }
    }
}
