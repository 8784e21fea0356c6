import VaultFormat

/// One state of the catalog, copied: what is committed later is not in it. The copy has no name, and goes with
/// whoever holds it.
package protocol CatalogSnapshot: AnyObject, Sendable {
    var bytes: Int { get }
    /// - Throws: ``StorageError/damaged`` when the copy ends before.
    func read(at offset: Int, count: Int) throws(StorageError) -> [UInt8]
    /// Reads the copy's rows.
    func rows<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R
}
