package import VaultFormat

/// The catalog's rows of background work and of answers that are kept.
package protocol OperationReader {
    func operation(_ id: OperationID) throws(StorageError) -> OperationRow?
    /// Newest first, below row `before`.
    func operations(before: Int64, limit: Int) throws(StorageError) -> [OperationRow]
    /// Those that are not in a final state, oldest first.
    func unfinishedOperations(limit: Int) throws(StorageError) -> [OperationRow]
    /// By row, after row `after`.
    func findings(
        of operation: Int64, after: Int64, limit: Int
    ) throws(StorageError) -> [OperationFindingRow]
    /// Images of every namespace that are not quarantined, by row, after row `after` up to `through`;
    /// with `below`, only those whose verdict is of an inspector before that.
    func images(
        after: Int64, through: Int64, below: UInt32?, limit: Int
    ) throws(StorageError) -> [ImageRow]
    /// How many ``images(after:through:below:limit:)`` has in all, and the number of the last row.
    func imageCount(below: UInt32?) throws(StorageError) -> (count: Int, last: Int64)
    func keptAnswer(_ lookup: BlindIndex) throws(StorageError) -> KeptAnswerRow?
    /// How many were made at a time or after it.
    func keptAnswerCount(
        of principal: BlindIndex, since microseconds: Int64
    ) throws(StorageError) -> Int
}

package protocol OperationWriter: OperationReader {
    func insertOperation(_ operation: OperationRow) throws(StorageError) -> Int64
    /// Puts the row in the place of the one with its number.
    func updateOperation(_ operation: OperationRow) throws(StorageError)
    /// Removes finished operations but the newest `kept`, with their findings.
    func deleteFinishedOperations(butNewest kept: Int) throws(StorageError)
    func insertFinding(_ finding: OperationFindingRow) throws(StorageError)
    /// Puts what can change of an image in the place of the row with its number: verdict, time of
    /// quarantine, last change and authenticator.
    func updateImage(_ image: ImageRow) throws(StorageError)
    /// Takes the place of an older one under the same key.
    func insertKeptAnswer(_ answer: KeptAnswerRow) throws(StorageError)
    /// Removes up to `limit` that were made before a time.
    func deleteKeptAnswers(before microseconds: Int64, limit: Int) throws(StorageError)
}
