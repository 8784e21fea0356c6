// Which socket to speak to, and what a person can do when it does not answer.

import Glibc
import VaultAPI
package import VaultFormat

/// The path of a Unix socket: 1 to 107 bytes.
package struct SocketPath: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``ClientError/socketPathTooLong(_:)``.
    package init(_ path: String) throws(ClientError) {
        guard (1...Limits.socketPathBytes).contains(path.utf8.count) else {
            throw .socketPathTooLong(path)
        }
        description = path
    }

    /// The socket of a door inside a vault's run-time directory.
    package init(directory: String, door: Door) throws(ClientError) {
        let parent = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        try self.init("\(parent)/\(door.socketName)")
    }

    /// - Throws: what keeps anyone from connecting, as far as the file tells.
    package func check() throws(ClientError) {
        var status = stat()
        guard unsafe stat(description, &status) == 0 else { throw ClientError(errno, socket: self) }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(self) }
    }

    /// The URL of a path behind this socket, as async-http-client spells it.
    func url(_ pathAndQuery: String) -> String {
        "http+unix://\(PercentEncoding.encode(description.utf8))\(pathAndQuery)"
    }
}
