package import VaultFormat

/// The catalog's holds, and the ends of retention.
package protocol HoldReader {
    func hold(_ id: HoldID) throws(StorageError) -> HoldRow?
    /// By row, after row `after`.
    func holds(after: Int64, limit: Int) throws(StorageError) -> [HoldRow]
    func holdCount() throws(StorageError) -> Int
    /// One on each of these subjects, where there is any: the oldest.
    func holds(on subjects: [HoldSubject]) throws(StorageError) -> [HoldRow]
    /// Every claim on an image, oldest first.
    func references(of image: Int64) throws(StorageError) -> [ReferenceRow]
    /// How many claims of a namespace have what this names.
    func referenceCount(
        in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> Int
    /// Claims whose retention is over at a time, of every namespace, by row, after row `after` up to
    /// `through`.
    func expiredReferences(
        at microseconds: Int64, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)]
    /// How many there are.
    func expiredReferenceCount(at microseconds: Int64) throws(StorageError) -> Int
}

package protocol HoldWriter: HoldReader {
    func insertHold(_ hold: HoldRow) throws(StorageError)
    func deleteHold(_ id: HoldID) throws(StorageError)
    /// Puts retention, last change and authenticator in the place of the row with its number.
    func updateRetention(_ reference: ReferenceRow) throws(StorageError)
}
