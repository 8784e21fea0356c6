/// Where the list of erasures is kept: outside of the store, as the anchor is.
package protocol ErasureListPlace: Sendable {
    /// Nil where there is none.
    func load() throws(StorageError) -> String?
    /// In the place of all that is there; durable when this returns.
    func replace(with text: String) throws(StorageError)
    /// Behind what is there; durable when this returns.
    func append(_ text: String) throws(StorageError)
}
