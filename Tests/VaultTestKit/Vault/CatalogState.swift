// What must hold of a catalog at every moment, whatever failed before.

package import Vault
import VaultCrypto
package import VaultFormat

/// All that a catalog says of its rows, at one moment.
package struct CatalogState: Equatable, Sendable {
    package let images: Set<ImageRow>
    package let references: [ReferenceRow]
    package let events: [EventRow]
    /// Newest first.
    package let operations: [OperationRow]
    package let frontier: MerkleFrontier
    package let totals: CatalogTotals
    package let census: [UInt32: Int]
    package let usage: [NamespaceName: Usage]

    package init(
        _ catalog: any Catalog, namespaces: [NamespaceName] = [.standard, TestKeys.clinic]
    ) throws {
        let every = ClaimIndex(owner: nil, job: nil)
        let rows = try namespaces.flatMap { namespace in
            try catalog.look { reader in
                try reader.references(in: namespace, fitting: every, after: 0, limit: 1 << 20)
            }
        }
        images = Set(rows.map(\.image))
        references = rows.map(\.reference)
        events = try catalog.events()
        operations = try catalog.look { try $0.operations(before: .max, limit: 1 << 20) }
        frontier = try catalog.frontier()
        totals = try catalog.totals()
        census = try catalog.census()
        var usage: [NamespaceName: Usage] = [:]
        for namespace in namespaces {
            usage[namespace] = try catalog.look { try $0.usage(of: namespace) }
        }
        self.usage = usage
    }

    /// - Throws: ``Broken`` when rows stand without what belongs to them, or when the log's frontier
    ///   is not that of its events (RFC 6962 §2.1).
    package func check() throws {
        try same(totals.images, images.count)
        try same(totals.references, references.count)
        try same(census.values.reduce(0, +), images.count + references.count)
        for (namespace, usage) in usage {
            let own = images.filter { $0.namespace == namespace }
            try same(
                usage, Usage(images: own.count, bytes: own.reduce(0) { $0 + $1.storedBytes }))
        }
        try Self.checkLog(events, frontier)
        let size = UInt64(events.count)
        for image in images {
            try require(image.changedAt < size, "an image changed at \(image.changedAt)")
        }
        for operation in operations {
            try require(
                operation.changedAt < size, "an operation changed at \(operation.changedAt)")
        }
        for reference in references {
            try require(reference.changedAt < size, "a claim changed at \(reference.changedAt)")
        }
    }

    /// - Throws: ``Broken`` unless the log is dense and its frontier that of its events.
    package static func checkLog(of catalog: any Catalog) throws {
        try checkLog(catalog.events(), catalog.frontier())
    }

    private static func checkLog(_ events: [EventRow], _ frontier: MerkleFrontier) throws {
        try same(events.map(\.index), Array(0..<UInt64(events.count)))
        try same(frontier, self.frontier(of: events))
    }

    /// The tree over the leaves of `events`, computed from its definition: the root of each
    /// complete subtree, largest first.
    package static func frontier(of events: [EventRow]) throws -> MerkleFrontier {
        var leaves = events.map { LogHash.leaf($0.digest) }
        var roots: [Digest256] = []
        while !leaves.isEmpty {
            let width = 1 << (Int.bitWidth - 1 - leaves.count.leadingZeroBitCount)
            roots.append(root(Array(leaves.prefix(width))))
            leaves.removeFirst(width)
        }
        return try MerkleFrontier(size: UInt64(events.count), packed: roots.flatMap(\.bytes))
    }

    private static func root(_ leaves: [Digest256]) -> Digest256 {
        guard leaves.count > 1 else { return leaves[0] }
        let half = leaves.count / 2
        return LogHash.node(root(Array(leaves[..<half])), root(Array(leaves[half...])))
    }
}
