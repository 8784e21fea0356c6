// A listening Unix socket that nobody can reach before its mode and owner are set.

package import Glibc

package struct UnixSocketError: Error, Hashable, Sendable {
    package let path: String
    package let step: String
    package let number: Int32

    package var description: String {
        "cannot \(step) \(path): \(unsafe String(cString: strerror(number)))"
    }
}

package enum UnixSocket {
    /// Waiting connections that the kernel keeps for us.
    private static let backlog: Int32 = 1024

    /// Binds under a temporary name, sets mode and group, listens, and takes the name. A connection
    /// can be made only after `listen`, and the name of a daemon that died is taken over at once.
    ///
    /// - Parameter group: the file's group; nil leaves the process's own.
    /// - Returns: a close-on-exec descriptor.
    package static func listen(
        at path: String, mode: mode_t, group: gid_t?
    ) throws(UnixSocketError) -> Int32 {
        let temporary = "\(path).new"
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw failure("make a socket for", path) }
        do throws(UnixSocketError) {
            unsafe unlink(temporary)
            try bind(socket, to: temporary)
            guard unsafe chmod(temporary, mode) == 0 else { throw failure("set the mode of", path) }
            if let group, unsafe chown(temporary, uid_t.max, group) != 0 {
                throw failure("set the group of", path)
            }
            guard Glibc.listen(socket, backlog) == 0 else { throw failure("listen at", path) }
            guard unsafe rename(temporary, path) == 0 else { throw failure("name", path) }
        } catch {
            unsafe unlink(temporary)
            close(socket)
            throw error
        }
        return socket
    }

    private static func bind(_ socket: Int32, to path: String) throws(UnixSocketError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw UnixSocketError(path: path, step: "bind, the path is too long:", number: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(socket, $0, size)
            }
        }
        guard bound == 0 else { throw failure("bind", path) }
    }

    private static func failure(_ step: String, _ path: String) -> UnixSocketError {
        UnixSocketError(path: path, step: step, number: errno)
    }
}
