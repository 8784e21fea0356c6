// The list of erasures as a file beside the anchor: only added to, and flushed before it counts.

import Glibc
package import Vault
import VaultFormat

package struct ErasureListFile: ErasureListPlace {
    package let path: String
    /// Behind the name of the anchor's file.
    package static let suffix = ".erasures"

    package init(_ path: String) { self.path = path }

    package func load() throws(StorageError) -> String? {
        do throws(StorageError) {
            return String(
                decoding: try WholeFile.load(path, limit: Limits.erasureListBytes), as: UTF8.self)
        } catch .missing {
            return nil
        }
    }

    /// No secret: whoever copies it to another host may read it.
    package func replace(with text: String) throws(StorageError) {
        do {
            try KeyFileStore.write(Array(text.utf8), at: path, mode: 0o644, replacing: true)
        } catch {
            guard case .io(let number) = error else { throw .unavailable(EIO) }
            throw StorageError(errno: number)
        }
    }

    package func append(_ text: String) throws(StorageError) {
        let file = unsafe open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw StorageError(errno: errno) }
        defer { close(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe write(file, $0.baseAddress, $0.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw StorageError(errno: errno) }
            rest = rest.dropFirst(written)
        }
        guard fsync(file) == 0 else { throw StorageError(errno: errno) }
    }
}
