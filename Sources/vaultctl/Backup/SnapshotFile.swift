// A file of a snapshot, read whole. What is not there, or is no such file, is damage; what cannot be read just now is
// not, and nothing is concluded from it.

import Foundation
import Glibc

enum SnapshotFile {
    /// - Parameter limit: the bytes that such a file has at most.
    /// - Returns: nil where it is missing, longer, or no regular file.
    /// - Throws: ``BackupFailure`` where the system does not let it be read.
    static func load(_ path: String, limit: Int) throws -> Data? {
        // A pipe that somebody planted would keep the reader waiting.
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            guard [ENOENT, ENOTDIR, ELOOP, ENXIO].contains(errno) else { throw failure(path) }
            return nil
        }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw failure(path) }
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= limit else { return nil }
        do {
            return try handle.read(upToCount: Int(facts.st_size)) ?? Data()
        } catch {
            throw BackupFailure("\(path) cannot be read: \(error.localizedDescription)")
        }
    }

    private static func failure(_ path: String) -> BackupFailure {
        BackupFailure("\(path) cannot be read: \(unsafe String(cString: strerror(errno)))")
    }
}
