// The anchor as a file: replaced whole, and durable before it counts.

import Glibc
package import Vault
package import VaultFormat

package struct AnchorFile: AnchorTarget {
    package let path: String
    /// Where the log's public keys are, a line each.
    private let publicKeys: String
    package var kind: AnchorKind { .file }

    package init(path: String, publicKeys: String) {
        self.path = path
        self.publicKeys = publicKeys
    }

    package func keep(_ note: String, signedBy key: String) throws(StorageError) {
        // Before: a start that has the anchor has the key to check it with, sealed or not.
        let known = try Self.load(publicKeys) ?? ""
        if !known.split(separator: "\n").contains(key[...]) {
            let separator = known.isEmpty || known.hasSuffix("\n") ? "" : "\n"
            try Self.replace(publicKeys, with: "\(known)\(separator)\(key)\n")
        }
        try Self.replace(path, with: note)
    }

    /// Neither is a secret: whoever copies them to another host may read them.
    private static func replace(_ path: String, with text: String) throws(StorageError) {
        do {
            try KeyFileStore.write(Array(text.utf8), at: path, mode: 0o644, replacing: true)
        } catch {
            guard case .io(let number) = error else { throw .unavailable(EIO) }
            throw StorageError(errno: number)
        }
    }

    /// What a small file holds; nil where there is none.
    package static func load(_ path: String) throws(StorageError) -> String? {
        // A pipe that somebody planted would keep the start waiting.
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw StorageError(errno: errno)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Limits.anchorBytes + 1)
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
        guard count <= Limits.anchorBytes,
            let text = String(validating: bytes.prefix(count), as: UTF8.self)
        else { throw .damaged }
        return text
    }
}
