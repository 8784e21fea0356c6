// A file on its way out of the vault: whole under its name, or not there at all.
//
// The bytes go to a temporary beside the target, readable by its owner only; `keep` flushes it and
// gives it its name. Whatever happens before that removes it.
// Strings lend their bytes to each system call, which is what makes those calls `unsafe`.

import Glibc
package import NIOCore

package struct DownloadFile: ~Copyable {
    /// What the name of a temporary has behind the target's, before what is random.
    package static let unfinished = ".part-"

    private let target: String
    private let temporary: String
    private let descriptor: CInt

    /// - Throws: ``ClientError/file(_:)``, also when the target is there and no regular file.
    package init(target: String) throws(ClientError) {
        var status = stat()
        if unsafe lstat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw .file(FileFault(path: target, reason: .notRegular))
        }
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(target)\(Self.unfinished)\(random)"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = unsafe open(temporary, flags, 0o600)
        guard descriptor >= 0 else { throw .file(FileFault(path: target, reason: .system(errno))) }
        self.target = target
        self.temporary = temporary
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        unsafe unlink(temporary)
    }

    /// - Throws: ``ClientError/file(_:)``.
    package func write(_ bytes: ByteBuffer) throws(ClientError) {
        try writeAll(bytes, to: descriptor, name: target)
    }

    /// - Throws: ``ClientError/file(_:)``.
    package func write(_ text: String) throws(ClientError) {
        try writeAll(text, to: descriptor, name: target)
    }

    /// Makes the bytes durable and gives them their name.
    ///
    /// - Throws: ``ClientError/file(_:)``; the target is then as it was, or has the new bytes where its directory could
    ///   not be flushed.
    package consuming func keep() throws(ClientError) {
        guard fsync(descriptor) == 0, unsafe rename(temporary, target) == 0 else {
            throw .file(FileFault(path: target, reason: .system(errno)))
        }
        // The temporary's name is gone, so the unlink of `deinit` finds nothing.
        let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { String(target[...$0]) } ?? "."
        let directory = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Where one may write and not read, the name is flushed when the file system does.
        if directory < 0, errno == EACCES { return }
        guard directory >= 0 else { throw .file(FileFault(path: target, reason: .system(errno))) }
        defer { close(directory) }
        guard fsync(directory) == 0 else {
            throw .file(FileFault(path: target, reason: .system(errno)))
        }
    }
}
