// Blobs in memory. As on a disk, a blob that was begun is seen under its name at once, and a crash
// may take it until it was committed.

import Foundation
import Synchronization
package import Vault
package import VaultFormat

package final class MemoryBlobStore: BlobStore {
    fileprivate struct Blob {
        var content: [UInt8] = []
        /// Bytes that the writer announced.
        let announced: Int
        /// How many were begun before it.
        let place: Int
        var isDurable = false
    }

    package let faults: Faults
    private let blobs = Mutex<[BlobID: Blob]>([:])
    private let begun = Atomic(0)

    package init(faults: Faults = Faults()) {
        self.faults = faults
    }

    package func create(_ blob: BlobID, bytes: Int) throws(StorageError) -> any BlobWriter {
        try faults.pass("create")
        let isNew = blobs.withLock { blobs in
            guard blobs[blob] == nil else { return false }
            blobs[blob] = Blob(announced: bytes, place: nextPlace())
            return true
        }
        guard isNew else { throw .unavailable(EEXIST) }
        return MemoryBlobWriter(store: self, blob: blob)
    }

    package func open(_ blob: BlobID) throws(StorageError) -> any BlobReader {
        try faults.pass("open")
        guard let content = content(of: blob) else { throw .missing }
        return MemoryBlobReader(content: content, faults: faults)
    }

    package func remove(_ blob: BlobID) throws(StorageError) {
        try faults.pass("remove")
        blobs.withLock { _ = $0.removeValue(forKey: blob) }
    }

    package func flushRemovals() throws(StorageError) { try faults.pass("flushRemovals") }

    /// In the order in which they were begun, so that what fails at one of them fails there again.
    package func forEachBlob(_ body: (BlobID) throws(StorageError) -> Void) throws(StorageError) {
        try faults.pass("forEachBlob")
        let sorted = blobs.withLock { blobs in blobs.sorted { $0.value.place < $1.value.place } }
        for (blob, _) in sorted { try body(blob) }
    }

    private func nextPlace() -> Int { begun.add(1, ordering: .relaxed).oldValue }

    fileprivate func change(_ blob: BlobID, _ body: (inout Blob) -> Void) {
        blobs.withLock { blobs in
            guard var changed = blobs[blob] else { return }
            body(&changed)
            blobs[blob] = changed
        }
    }
}

// What a test sees, and does, behind the vault's back.
extension MemoryBlobStore {
    package var names: Set<BlobID> { blobs.withLock { Set($0.keys) } }

    package func content(of blob: BlobID) -> [UInt8]? { blobs.withLock { $0[blob]?.content } }

    /// Blobs that have another length than their writer announced.
    package var miscounted: Int {
        blobs.withLock { $0.values.count { $0.content.count != $0.announced } }
    }

    /// A crash: what was not committed is gone.
    package func crash() {
        blobs.withLock { blobs in blobs = blobs.filter { $0.value.isDurable } }
    }

    package func tamper(_ blob: BlobID, _ body: (inout [UInt8]) -> Void) {
        change(blob) { body(&$0.content) }
    }

    /// Puts a whole blob under a name.
    package func plant(_ blob: BlobID, _ content: [UInt8]) {
        let planted = Blob(
            content: content, announced: content.count, place: nextPlace(), isDurable: true)
        blobs.withLock { $0[blob] = planted }
    }
}

private final class MemoryBlobWriter: BlobWriter {
    private let store: MemoryBlobStore
    private let blob: BlobID

    init(store: MemoryBlobStore, blob: BlobID) {
        self.store = store
        self.blob = blob
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        try store.faults.pass("append to blob")
        store.change(blob) { unsafe $0.content.append(contentsOf: bytes) }
    }

    func commit() throws(StorageError) {
        try store.faults.pass("commit blob")
        store.change(blob) { $0.isDurable = true }
        try store.faults.passAfterTheFact("flush blob")
    }
}

private final class MemoryBlobReader: BlobReader {
    private let content: [UInt8]
    private let faults: Faults

    init(content: [UInt8], faults: Faults) {
        self.content = content
        self.faults = faults
    }

    var bytes: Int { content.count }

    func read(at offset: Int, count: Int) throws(StorageError) -> Data {
        try faults.pass("read")
        guard offset >= 0, count >= 0, offset + count <= content.count else { throw .damaged }
        return Data(content[offset..<offset + count])
    }

    func readCached(at offset: Int, count: Int) throws(StorageError) -> Data? {
        try read(at: offset, count: count)
    }
}
