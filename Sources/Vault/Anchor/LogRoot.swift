// The root that the log had when it was shorter.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// The RFC 6962 root over the log's first `size` events.
    ///
    /// - Throws: ``StorageError/damaged`` where one of them is missing.
    package static func rootOfLog(
        at size: UInt64, _ catalog: any Catalog
    ) throws(StorageError) -> Digest256 {
        do throws(StorageError) {
            return try catalog.read { (reader) throws(StorageError) in
                var tree = LogTree(reader)
                return try tree.root(at: size)
            }
        } catch .damaged {
            // A log that was written before there were rows of subtrees.
            var tree = MerkleFrontier.empty
            try extend(&tree, to: size, catalog)
            return tree.root(hash: LogHash.node) ?? LogHash.empty
        }
    }

    /// Adds what the events' own rows say, and no row of the tree.
    ///
    /// - Throws: ``StorageError/damaged`` where one of them is missing.
    static func extend(
        _ frontier: inout MerkleFrontier, to size: UInt64, _ catalog: any Catalog
    ) throws(StorageError) {
        while frontier.size < size {
            let next = frontier.size..<min(frontier.size + Limits.rootEvents, size)
            let contents = try catalog.read { (reader) throws(StorageError) in
                try reader.contents(next)
            }
            guard contents.count == next.count else { throw .damaged }
            for content in contents { frontier.append(LogHash.leaf(content), hash: LogHash.node) }
        }
    }
}
