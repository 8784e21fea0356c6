// Key files on disk: replaced whole and durable, or not at all.

import Glibc
package import VaultFormat

package enum KeyFileStore {
    /// Bytes of the largest key file that is read: slots and entries at their limits.
    private static let largestBytes = 1 << 20

    /// - Throws: ``KeyFileStoreError``.
    package static func load(_ path: String) throws(KeyFileStoreError) -> KeyFile {
        let bytes = try read(path)
        do throws(FormatError) {
            return try KeyFile(parsing: bytes)
        } catch {
            throw .malformed(error)
        }
    }

    /// Writes a new file beside the old, flushes it, and lets it take the name.
    ///
    /// - Parameter replacing: false refuses when there is one already.
    package static func save(
        _ file: KeyFile, at path: String, replacing: Bool
    ) throws(KeyFileStoreError) {
        try write(file.encoded, at: path, mode: 0o600, replacing: replacing)
    }

    /// As ``save(_:at:replacing:)``, for any small file.
    package static func write(
        _ bytes: [UInt8], at path: String, mode: UInt32, replacing: Bool
    ) throws(KeyFileStoreError) {
        try unsafe bytes.withUnsafeBytesTyped { (raw) throws(KeyFileStoreError) in
            try unsafe write(raw, at: path, mode: mode, replacing: replacing)
        }
    }

    package static func write(
        _ bytes: UnsafeRawBufferPointer, at path: String, mode: UInt32, replacing: Bool
    ) throws(KeyFileStoreError) {
        try unsafe prepare(bytes, at: path, mode: mode)
        try publish(path, replacing: replacing)
    }

    /// Writes a key file beside `path`, flushed, where ``publish(_:replacing:)`` finds it.
    package static func prepare(_ file: KeyFile, at path: String) throws(KeyFileStoreError) {
        try unsafe file.encoded.withUnsafeBytesTyped { (raw) throws(KeyFileStoreError) in
            try unsafe prepare(raw, at: path, mode: 0o600)
        }
    }

    private static func temporary(_ path: String) -> String { "\(path).new" }

    package static func discardPrepared(_ path: String) {
        unsafe unlink(temporary(path))
    }

    private static func prepare(
        _ bytes: UnsafeRawBufferPointer, at path: String, mode: UInt32
    ) throws(KeyFileStoreError) {
        let temporary = temporary(path)
        unsafe unlink(temporary)
        let file = unsafe open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw .io(errno) }
        let written = unsafe Glibc.write(file, bytes.baseAddress, bytes.count)
        let flushed = written == bytes.count && fchmod(file, mode) == 0 && fsync(file) == 0
        let failure = errno
        close(file)
        guard flushed else {
            unsafe unlink(temporary)
            throw .io(failure)
        }
    }

    /// Lets what was prepared take the name, and flushes that.
    package static func publish(
        _ path: String, replacing: Bool
    ) throws(KeyFileStoreError) {
        let temporary = temporary(path)
        // A link never takes a name that is taken: two who begin at once do not overwrite each other.
        let named =
            replacing
            ? unsafe rename(temporary, path) : unsafe linkat(AT_FDCWD, temporary, AT_FDCWD, path, 0)
        let refusal = errno
        if !replacing || named != 0 { unsafe unlink(temporary) }
        guard named == 0 else { throw refusal == EEXIST ? .exists : .io(refusal) }
        try flushDirectory(of: path)
    }

    /// Removes a file, where there is one; durable when this returns.
    package static func remove(_ path: String) throws(KeyFileStoreError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .io(errno) }
        try flushDirectory(of: path)
    }

    private static func flushDirectory(of path: String) throws(KeyFileStoreError) {
        let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let directory = parent.isEmpty ? "." : parent.joined(separator: "/")
        let descriptor = unsafe open(directory.isEmpty ? "/" : directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .io(errno) }
    }

    private static func read(_ path: String) throws(KeyFileStoreError) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw errno == ENOENT ? .missing : .io(errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = unsafe Glibc.read(file, &chunk, chunk.count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .io(errno) }
            if got == 0 { return bytes }
            bytes += chunk[..<got]
            guard bytes.count <= largestBytes else { throw .malformed(.outOfRange(field: "size")) }
        }
    }
}

/// Why a key file is not there for use.
package enum KeyFileStoreError: Error, Hashable, Sendable {
    case missing
    case exists
    case malformed(FormatError)
    /// `errno`.
    case io(Int32)
}

extension [UInt8] {
    fileprivate func withUnsafeBytesTyped<E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        try unsafe withUnsafeBufferPointer { (bytes) throws(E) in
            try unsafe body(UnsafeRawBufferPointer(bytes))
        }
    }
}
