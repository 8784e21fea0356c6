// Blobs as files. A blob is made under its own name, which is random and which no row knows yet; when
// file and directory are flushed, a row may name it. A crash before leaves a file that no row names,
// and the sweep removes it. Everything is opened relative to directory descriptors, never through links.

import CVaultSystem
import Foundation
import Glibc
import Synchronization
package import Vault
package import VaultFormat

package final class LocalBlobStore: BlobStore, Sendable {
    /// The descriptors of the 256 directories `00` to `ff`.
    private let shards: [Int32]
    private let directory: String
    private let unflushed = Mutex(Removals())

    /// Opens the directory, and makes its shards where they are missing.
    package init(directory: String) throws(StorageError) {
        let root = try Self.openDirectory(AT_FDCWD, directory)
        defer { close(root) }
        var shards: [Int32] = []
        for shard in 0...255 {
            let name = Hex.encode([UInt8(shard)])
            if unsafe mkdirat(root, name, 0o700) != 0, errno != EEXIST { throw Self.failure() }
            shards.append(try Self.openDirectory(root, name))
        }
        guard fsync(root) == 0 else { throw Self.failure() }
        self.shards = shards
        self.directory = directory
    }

    deinit { for shard in shards { close(shard) } }

    package func create(_ blob: BlobID, bytes: Int) throws(StorageError) -> any BlobWriter {
        let shard = shards[Int(blob.bytes[0])]
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        // A directory of its own: the kernel tells of a failed flush once for each description, and a writer beside
        // this one must not be the one who is told. It is open before the name is made.
        let directory = try Self.openDirectory(shard, ".")
        let file = unsafe openat(directory, Self.name(blob), flags, 0o600)
        guard file >= 0 else {
            let failure = Self.failure()
            close(directory)
            throw failure
        }
        return LocalBlobWriter(file: file, directory: directory)
    }

    package func open(_ blob: BlobID) throws(StorageError) -> any BlobReader {
        let shard = shards[Int(blob.bytes[0])]
        // A pipe that somebody planted under the name would keep who opens it waiting.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = unsafe openat(shard, Self.name(blob), flags)
        guard file >= 0 else { throw Self.failure() }
        return try LocalBlobReader(file: file)
    }

    package func remove(_ blob: BlobID) throws(StorageError) {
        let shard = shards[Int(blob.bytes[0])]
        guard unsafe unlinkat(shard, Self.name(blob), 0) == 0 || errno == ENOENT else {
            throw Self.failure()
        }
        unflushed.withLock { $0.add(blob) }
    }

    package func flushRemovals() throws(StorageError) {
        // Taken out before: what is removed meanwhile puts itself back.
        let removals = unflushed.withLock { unflushed in
            defer { unflushed = Removals(shards: []) }
            return unflushed
        }
        do throws(StorageError) {
            if removals.hasFailed {
                try flushAnew(removals)
            } else {
                for shard in removals.shards {
                    guard fsync(shards[shard]) == 0 else { throw Self.failure() }
                }
            }
        } catch {
            unflushed.withLock { $0.takeBack(removals) }
            throw error
        }
    }

    /// After a failed flush the kernel may have dropped what it should have written, and says so only once.
    /// Every directory is opened anew, what was removed since the last good flush is removed again, and all is
    /// flushed.
    private func flushAnew(_ removals: Removals) throws(StorageError) {
        // What is not remembered is left to the sweep of another start.
        guard removals.isWhole else { throw .unavailable(EIO) }
        for blob in removals.blobs {
            guard
                unsafe unlinkat(shards[Int(blob.bytes[0])], Self.name(blob), 0) == 0
                    || errno == ENOENT
            else { throw Self.failure() }
        }
        for shard in 0...255 {
            let anew = try Self.openDirectory(
                AT_FDCWD, "\(directory)/\(Hex.encode([UInt8(shard)]))")
            defer { close(anew) }
            guard fsync(anew) == 0 else { throw Self.failure() }
        }
    }

    package func forEachBlob(_ body: (BlobID) throws(StorageError) -> Void) throws(StorageError) {
        for (number, shard) in shards.enumerated() {
            for name in try Self.names(in: shard) {
                guard let blob = try? BlobID(hex: Hex.encode([UInt8(number)]) + name) else {
                    continue
                }
                try body(blob)
            }
        }
    }

    // MARK: Names and descriptors

    /// The file's name in its shard: the last 15 bytes of the blob's.
    private static func name(_ blob: BlobID) -> String { Hex.encode(blob.bytes.dropFirst()) }

    private static func names(in shard: Int32) throws(StorageError) -> [String] {
        let again = unsafe openat(shard, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard again >= 0, let stream = unsafe fdopendir(again) else { throw failure() }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // d_name is a C string inside the record that readdir lends until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            names.append(name)
        }
        return names
    }

    private static func openDirectory(
        _ base: Int32, _ path: String
    ) throws(StorageError) -> Int32 {
        let descriptor = unsafe openat(base, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        return descriptor
    }

    static func failure() -> StorageError { StorageError(errno: errno) }
}

extension StorageError {
    init(errno number: Int32) {
        switch number {
        case ENOSPC, EDQUOT: self = .full
        case ENOENT: self = .missing
        default: self = .unavailable(number)
        }
    }
}

private final class LocalBlobWriter: BlobWriter {
    private let file: Int32
    private let directory: Int32

    init(file: Int32, directory: Int32) {
        self.file = file
        self.directory = directory
    }

    deinit {
        close(file)
        close(directory)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let written = unsafe write(file, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw LocalBlobStore.failure() }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    func commit() throws(StorageError) {
        // A flush that failed is not tried again: the kernel may have dropped the pages.
        guard fsync(file) == 0, fsync(directory) == 0 else { throw LocalBlobStore.failure() }
    }
}

private final class LocalBlobReader: BlobReader {
    private let file: Int32
    let bytes: Int

    init(file: Int32) throws(StorageError) {
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else {
            let failure = LocalBlobStore.failure()
            close(file)
            throw failure
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw .damaged
        }
        self.file = file
        bytes = Int(status.st_size)
    }

    deinit { close(file) }

    func read(at offset: Int, count: Int) throws(StorageError) -> Data {
        // Only a read that may not wait can end without an answer.
        guard let data = try read(at: offset, count: count, mayWait: true) else {
            throw .unavailable(EAGAIN)
        }
        return data
    }

    func readCached(at offset: Int, count: Int) throws(StorageError) -> Data? {
        try read(at: offset, count: count, mayWait: false)
    }

    /// - Returns: nil where it may not wait for the device and would have to.
    private func read(
        at offset: Int, count: Int, mayWait: Bool
    ) throws(StorageError) -> Data? {
        guard let memory = unsafe malloc(max(count, 1)) else { throw .unavailable(ENOMEM) }
        var filled = 0
        while filled < count {
            let (rest, place) = unsafe (memory + filled, off_t(offset + filled))
            let got =
                mayWait
                ? unsafe pread(file, rest, count - filled, place)
                : unsafe vault_read_cached(file, rest, count - filled, place)
            if got < 0, errno == EINTR { continue }
            if got < 0, errno == EAGAIN {
                unsafe free(memory)
                return nil
            }
            guard got > 0 else {
                let failure = got == 0 ? StorageError.damaged : LocalBlobStore.failure()
                unsafe free(memory)
                throw failure
            }
            filled += got
        }
        return unsafe Data(bytesNoCopy: memory, count: count, deallocator: .free)
    }
}

/// What was removed and is not flushed yet.
private struct Removals: Sendable {
    /// At first all, because of what an earlier daemon removed.
    var shards = Set(0...255)
    var blobs: Set<BlobID> = []
    var hasFailed = false
    /// Whether ``blobs`` has all of them.
    var isWhole = true

    mutating func add(_ blob: BlobID) {
        shards.insert(Int(blob.bytes[0]))
        if blobs.count < Limits.removalsRemembered { blobs.insert(blob) } else { isWhole = false }
    }

    /// A flush of these failed.
    mutating func takeBack(_ others: Removals) {
        shards.formUnion(others.shards)
        isWhole = isWhole && others.isWhole
        for blob in others.blobs { add(blob) }
        hasFailed = true
    }
}
