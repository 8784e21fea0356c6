// The root that the log had when it was shorter.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// The RFC 6962 root over the log's first `size` events, from their rows.
    ///
    /// - Throws: ``StorageError/damaged`` where one of them is missing.
    package static func rootOfLog(
        at size: UInt64, _ catalog: any Catalog
    ) throws(StorageError) -> Digest256 {
        var frontier = MerkleFrontier.empty
        while frontier.size < size {
            let limit = Int(clamping: min(UInt64(Limits.rootEvents), size - frontier.size))
            let rows = try catalog.read { (reader) throws(StorageError) in
                try reader.events(from: frontier.size, limit: limit)
            }
            guard !rows.isEmpty else { throw .damaged }
            for row in rows {
                guard row.index == frontier.size else { throw .damaged }
                frontier.append(LogHash.leaf(row.digest), hash: LogHash.node)
            }
        }
        return frontier.root(hash: LogHash.node) ?? LogHash.empty
    }
}
