package import VaultFormat

/// The catalog's rows of quarantine and of requests for approval.
package protocol QuarantineReader {
    /// Quarantined images of every namespace, by row, after row `after`.
    func quarantinedImages(after: Int64, limit: Int) throws(StorageError) -> [ImageRow]
    func approval(_ id: ApprovalID) throws(StorageError) -> ApprovalRow?
    /// Requests that wait and have not lapsed at a time, by row, after row `after`: those about images,
    /// or those about epochs.
    func waitingApprovals(
        ofEpochs: Bool, at microseconds: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [ApprovalRow]
}

package protocol QuarantineWriter: QuarantineReader {
    func insertApproval(_ approval: ApprovalRow) throws(StorageError)
    /// Puts state, approver, last change and authenticator in the place of the row with its number.
    func updateApproval(_ approval: ApprovalRow) throws(StorageError)
    /// Removes up to `limit` that lapsed before a time, in whatever state.
    func deleteApprovals(lapsedBefore microseconds: Int64, limit: Int) throws(StorageError)
}
