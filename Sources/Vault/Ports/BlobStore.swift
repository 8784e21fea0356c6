package import Foundation
package import VaultFormat

/// Where sealed blobs are kept, by name. What it keeps is ciphertext; nothing in it is secret or trusted.
package protocol BlobStore: Sendable {
    /// Begins a blob. What is written before ``BlobWriter/commit()`` may be gone after a crash.
    func create(_ blob: BlobID, bytes: Int) throws(StorageError) -> any BlobWriter
    func open(_ blob: BlobID) throws(StorageError) -> any BlobReader
    /// Removes the blob; one that is not there is no error.
    func remove(_ blob: BlobID) throws(StorageError)
    /// Makes every removal so far durable: no crash brings one of those blobs back.
    func flushRemovals() throws(StorageError)
    /// Names every blob, in no order. One that comes meanwhile may be named or not.
    func forEachBlob(_ body: (BlobID) throws(StorageError) -> Void) throws(StorageError)
}

package protocol BlobWriter: AnyObject {
    func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError)
    /// Makes the blob and its name durable.
    func commit() throws(StorageError)
}

package protocol BlobReader: AnyObject, Sendable {
    var bytes: Int { get }
    /// Exactly `count` bytes from `offset`.
    /// - Throws: ``StorageError/damaged`` when the file ends before.
    func read(at offset: Int, count: Int) throws(StorageError) -> Data
    /// As ``read(at:count:)``; nil where a device would have to be waited for.
    func readCached(at offset: Int, count: Int) throws(StorageError) -> Data?
}
