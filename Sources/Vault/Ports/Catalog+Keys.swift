package import VaultCrypto
package import VaultFormat

/// Whose key a wrap holds.
package enum KeyOwner: Sendable, CaseIterable {
    case blob
    case reference
}

/// A wrapped key where it lies.
package struct StoredWrap: Hashable, Sendable {
    package let owner: KeyOwner
    /// The row of the image or the reference.
    package let row: Int64
    /// The catalog's own number of the wrap; zero where it is missing or has none.
    package let wrap: Int64
    /// What it is bound to, the epoch that its row names among it.
    package let context: WrapContext
    /// Empty where the wrap is missing.
    package let bytes: [UInt8]

    package init(
        owner: KeyOwner, row: Int64, wrap: Int64 = 0, context: WrapContext, bytes: [UInt8]
    ) {
        self.owner = owner
        self.row = row
        self.wrap = wrap
        self.context = context
        self.bytes = bytes
    }

    package var bound: BoundWrap { BoundWrap(context: context, bytes: bytes) }
}

/// A wrap that takes the place of another of the same key.
package struct Rewrap: Hashable, Sendable {
    package let old: StoredWrap
    package let new: WrappedKey

    package init(old: StoredWrap, new: WrappedKey) {
        self.old = old
        self.new = new
    }
}

/// The catalog's wrapped keys as one long list, and what was stated about them.
package protocol KeyReader {
    /// Wraps of one kind by their owner's row, after row `after` up to `through`.
    func wraps(
        of owner: KeyOwner, after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [StoredWrap]
    /// The highest number of a row of that kind; zero where there is none.
    func lastRow(of owner: KeyOwner) throws(StorageError) -> Int64
    /// Images of every namespace, quarantined ones too, by row, after row `after` up to `through`.
    func storedImages(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [ImageRow]
    /// As ``storedImages(after:through:limit:)``, references with their images.
    func storedReferences(
        after: Int64, through: Int64, limit: Int
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)]
    /// The signed note of an operation.
    func statement(of operation: OperationID) throws(StorageError) -> String?
}

package protocol KeyWriter: KeyReader {
    /// Puts each new wrap in the place of its old one; where that is not there any more, nothing.
    func rewrap(_ keys: [Rewrap]) throws(StorageError)
    /// Puts blob, wrap, last change and authenticator in the place of the row with its number.
    func resealImage(_ image: ImageRow) throws(StorageError)
    /// Puts body, wrap, last change and authenticator in the place of the row with its number.
    func rekeyReference(_ reference: ReferenceRow) throws(StorageError)
    func insertStatement(_ statement: SignedStatement) throws(StorageError)
}
