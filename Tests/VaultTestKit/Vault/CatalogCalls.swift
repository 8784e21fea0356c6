// Single calls on a catalog, each in a transaction of its own, and transactions that may throw
// anything.

package import Vault
package import VaultFormat

extension Catalog {
    /// One transaction; what `body` throws is thrown on, after the catalog rolled back.
    package func transact<R>(_ body: (any CatalogWriter) throws -> R) throws -> R {
        var other: (any Error)?
        do {
            return try write { (writer) throws(StorageError) in
                do {
                    return try body(writer)
                } catch let error as StorageError {
                    throw error
                } catch {
                    other = error
                    throw .damaged
                }
            }
        } catch {
            throw other ?? error
        }
    }

    /// One state, read.
    package func look<R>(_ body: (any CatalogReader) throws -> R) throws -> R {
        var other: (any Error)?
        do {
            return try read { (reader) throws(StorageError) in
                do {
                    return try body(reader)
                } catch let error as StorageError {
                    throw error
                } catch {
                    other = error
                    throw .damaged
                }
            }
        } catch {
            throw other ?? error
        }
    }

    package func image(
        _ id: ImageID, in namespace: NamespaceName = .standard
    ) throws -> ImageRow? {
        try look { try $0.image(id, in: namespace) }
    }

    package func reference(of image: Int64, _ claim: ClaimIndex) throws -> ReferenceRow? {
        try look { try $0.reference(of: image, claim: claim) }
    }

    package func claimed(
        _ id: ImageID, _ claim: ClaimIndex, in namespace: NamespaceName = .standard
    ) throws -> (image: ImageRow, reference: ReferenceRow)? {
        try readOnce { (reader) throws(StorageError) in
            try reader.claimedImage(id, in: namespace, fitting: claim)
        }
    }

    package func operation(_ id: OperationID) throws -> OperationRow? {
        try look { try $0.operation(id) }
    }

    package func keptAnswer(_ lookup: BlindIndex) throws -> KeptAnswerRow? {
        try look { try $0.keptAnswer(lookup) }
    }

    /// Every reference of a namespace, oldest first.
    package func references(in namespace: NamespaceName = .standard) throws -> [ReferenceRow] {
        try look { reader in
            try reader.references(
                in: namespace, fitting: ClaimIndex(owner: nil, job: nil), after: 0, limit: 1 << 20
            ).map(\.reference)
        }
    }

    package func events(from: UInt64 = 0) throws -> [EventRow] {
        try look { try $0.events(from: from, limit: 1 << 20) }
    }

    package func frontier() throws -> MerkleFrontier { try look { try $0.frontier() } }
    package func totals() throws -> CatalogTotals { try look { try $0.totals() } }
    package func census() throws -> [UInt32: Int] { try look { try $0.census() } }
}
