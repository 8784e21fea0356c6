package import VaultFormat

/// A place outside of the store that takes an anchor: a file, or a command.
package protocol AnchorTarget: Sendable {
    var kind: AnchorKind { get }
    /// Blocks until it is kept, durably as far as the place can be, or not. One call at a time.
    ///
    /// - Parameter key: the line of `audit.pub` of the key that signed it.
    func keep(_ note: String, signedBy key: String) throws(StorageError)
}
