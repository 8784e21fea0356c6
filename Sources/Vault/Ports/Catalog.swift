package import VaultFormat

/// The record of truth: images, references, wrapped keys, and the log, in one database, so that a
/// change and its event are one transaction.
///
/// The rules live in ``Committer`` and the verbs; a catalog only keeps rows.
package protocol Catalog: Sendable {
    /// Reads one consistent state. Any thread; blocks it for as long as the rows take.
    func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R

    /// As ``read(_:)``, for a body that asks one question: no transaction is put around it.
    func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R

    /// Runs `body` in one transaction that is durable when this returns, or leaves no trace when it
    /// throws. Only the committer calls it, from one thread. After `unavailable` neither this nor ``purge()`` need work
    /// until ``reopen()``: a flush may have failed, and another would be believed.
    func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R

    /// Closes the files after a write that failed, and opens them anew; what is read afterwards comes from the
    /// disk, and not from what this process or the kernel remembers. Only the committer calls it.
    ///
    /// - Throws: ``StorageError/replaced`` while other files lie there; then the old ones stay open.
    func reopen() throws(StorageError)

    /// Leaves nothing of what was deleted or replaced before in the files that the catalog keeps. No
    /// transaction runs meanwhile.
    ///
    /// - Returns: false while somebody reads an older state: to be tried again.
    func purge() throws(StorageError) -> Bool

    /// Copies what is committed now. Blocks for as long as that takes; writing goes on meanwhile.
    ///
    /// - Throws: ``StorageError/full`` where there is no room for a second one.
    func snapshot() throws(StorageError) -> any CatalogSnapshot
}

package protocol CatalogReader: OperationReader, QuarantineReader, KeyReader, BackupReader,
    ErasureReader, HoldReader, BearerReader, AttestationReader, CanaryReader, IncidentReader,
    LogReader
{
    func image(_ id: ImageID, in namespace: NamespaceName) throws(StorageError) -> ImageRow?
    /// What a namespace has.
    func usage(of namespace: NamespaceName) throws(StorageError) -> Usage
    /// The reference of exactly this claim.
    func reference(
        of image: Int64, claim: ClaimIndex
    ) throws(StorageError) -> ReferenceRow?
    /// The reference of this id, if it is one of that image.
    func reference(
        _ id: ReferenceID, of image: Int64
    ) throws(StorageError) -> ReferenceRow?
    /// The newest reference that fits what `claim` names; nil there fits anything.
    func newestReference(
        of image: Int64, fitting claim: ClaimIndex
    ) throws(StorageError) -> ReferenceRow?
    /// An image and the reference that it is read under: that of exactly this claim, else the newest
    /// that fits what `claim` names. One question.
    func claimedImage(
        _ id: ImageID, in namespace: NamespaceName, fitting claim: ClaimIndex
    ) throws(StorageError) -> (image: ImageRow, reference: ReferenceRow)?
    func referenceCount(of image: Int64) throws(StorageError) -> Int
    /// References that fit what `claim` names, with their images, by row, after row `after`.
    func references(
        in namespace: NamespaceName, fitting claim: ClaimIndex, after: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)]
    /// Whether any image is stored in this blob.
    func holdsBlob(_ blob: BlobID) throws(StorageError) -> Bool
    /// Of every slot that was ever proved and not removed.
    func slotProofs() throws(StorageError) -> [SlotProof]
    func totals() throws(StorageError) -> CatalogTotals
    /// How many keys are wrapped under each epoch.
    func census() throws(StorageError) -> [UInt32: Int]
}

package protocol CatalogWriter: CatalogReader, OperationWriter, QuarantineWriter, KeyWriter,
    BackupWriter, ErasureWriter, HoldWriter, BearerWriter, AttestationWriter, CanaryWriter,
    IncidentWriter, LogWriter
{
    func insertImage(_ image: ImageRow) throws(StorageError) -> Int64
    /// Removes the row and its wrap.
    func deleteImage(_ image: ImageRow) throws(StorageError)
    func insertReference(_ reference: ReferenceRow) throws(StorageError)
    /// Removes the row and its wrap.
    func deleteReference(_ reference: ReferenceRow) throws(StorageError)
    /// Takes the place of an earlier proof of the same slot.
    func setSlotProof(_ proof: SlotProof) throws(StorageError)
    /// Removes the proof of a slot, where there is one.
    func deleteSlotProof(of slot: SlotID) throws(StorageError)
}

package struct CatalogTotals: Hashable, Sendable {
    package let images: Int
    package let references: Int
    package let storedBytes: Int

    package init(images: Int, references: Int, storedBytes: Int) {
        self.images = images
        self.references = references
        self.storedBytes = storedBytes
    }
}
