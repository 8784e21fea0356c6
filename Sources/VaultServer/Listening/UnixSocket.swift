// A listening Unix socket that nobody can reach before its mode and owner are set.

import Glibc

package enum UnixSocket {
    /// Waiting connections that the kernel keeps for us.
    private static let backlog: Int32 = 1024

    /// Binds, sets mode and group, and only then listens: until that nobody can connect. The name of
    /// a daemon that died is taken over; one where somebody answers is not.
    ///
    /// - Parameter group: the file's group; nil leaves the process's own.
    /// - Returns: a close-on-exec descriptor.
    package static func listen(
        at path: String, mode: UInt32, group: UInt32?
    ) throws(ListenError) -> Int32 {
        try removeSocket(at: path)
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw ListenError("make a socket for", path) }
        do throws(ListenError) {
            try bind(socket, to: path)
            guard unsafe chmod(path, mode) == 0 else { throw ListenError("set the mode of", path) }
            if let group, unsafe chown(path, uid_t.max, group) != 0 {
                throw ListenError("set the group of", path)
            }
            guard Glibc.listen(socket, backlog) == 0 else { throw ListenError("listen at", path) }
        } catch {
            close(socket)
            throw error
        }
        return socket
    }

    /// Removes a socket's name, and nothing that is no socket.
    private static func removeSocket(at path: String) throws(ListenError) {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { return }
        guard facts.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenError("replace what is no socket:", path, number: EEXIST)
        }
        guard !isAnswered(path) else {
            throw ListenError("take over, a process answers at", path, number: EADDRINUSE)
        }
        guard unsafe unlink(path) == 0 else { throw ListenError("take over", path) }
    }

    /// Whether anybody listens there: a daemon with another state directory may.
    private static func isAnswered(_ path: String) -> Bool {
        let probe = Glibc.socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return true }
        defer { close(probe) }
        let answer = try? unsafe withAddress(of: path) { unsafe connect(probe, $0, $1) }
        return answer == 0
    }

    private static func bind(_ socket: Int32, to path: String) throws(ListenError) {
        let bound = try unsafe withAddress(of: path) { unsafe Glibc.bind(socket, $0, $1) }
        guard bound == 0 else { throw ListenError("bind", path) }
    }

    /// Lends the address of `path` to one call.
    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(ListenError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ListenError("bind, the path is too long:", path, number: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, size)
            }
        }
    }
}
