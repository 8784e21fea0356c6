package import VaultFormat

/// The catalog's receipts, and how far its files are purged.
package protocol ErasureReader {
    func receipt(_ id: ReceiptID) throws(StorageError) -> ReceiptRow?
    func receipt(of operation: OperationID) throws(StorageError) -> ReceiptRow?
    /// Newest first, below row `before`; with a namespace, only its own.
    func receipts(
        in namespace: NamespaceName?, before: Int64, limit: Int
    ) throws(StorageError) -> [ReceiptRow]
    /// Whether the last event of some receipt is in this range of the log.
    func hasErasure(in events: Range<UInt64>) throws(StorageError) -> Bool
    func lastPurge() throws(StorageError) -> PurgeRow?
    func escrow(_ id: EscrowID) throws(StorageError) -> EscrowRow?
    /// By row, after row `after`.
    func escrows(after: Int64, limit: Int) throws(StorageError) -> [EscrowRow]
}

package protocol ErasureWriter: ErasureReader {
    func insertReceipt(_ receipt: ReceiptRow) throws(StorageError)
    /// Puts what can change in the place of the row with its number: the counts, epoch, event, last change
    /// and authenticator.
    func updateReceipt(_ receipt: ReceiptRow) throws(StorageError)
    /// Takes the place of the one before.
    func setPurge(_ purge: PurgeRow) throws(StorageError)
    func insertEscrow(_ escrow: EscrowRow) throws(StorageError)
    /// Puts attestation, last change and authenticator in the place of the row with its number.
    func updateEscrow(_ escrow: EscrowRow) throws(StorageError)
}
