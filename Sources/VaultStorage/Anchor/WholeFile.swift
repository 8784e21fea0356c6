// A file that is read whole, up to a limit.

import Glibc
package import Vault

package enum WholeFile {
    /// - Throws: ``StorageError``: `damaged` for one that is longer, or no regular file.
    package static func load(_ path: String, limit: Int) throws(StorageError) -> [UInt8] {
        // A pipe that somebody planted would keep the reader waiting.
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw StorageError(errno: errno) }
        defer { close(file) }
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw StorageError(errno: errno) }
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= limit else { throw .damaged }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var count = 0
        while count < bytes.count {
            // Inside the array: `count` is below its length.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw StorageError(errno: errno) }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }
}
