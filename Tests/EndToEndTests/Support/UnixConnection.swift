// A connection to a door, byte by byte: what no HTTP library would send can be sent.

import Glibc

final class UnixConnection: @unchecked Sendable {
    // @unchecked: used by one thread at a time.
    private let socket: Int32
    private var pending: [UInt8] = []

    init(to path: String) throws {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        socket = Glibc.socket(AF_UNIX, type, 0)
        guard socket >= 0 else { throw TestFailure("no socket: \(errno)") }
        var patience = timeval(tv_sec: Patience.seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = unixAddress(path)
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // From here on deinit closes the socket, also when this throws.
        guard connected == 0 else { throw TestFailure("cannot connect to \(path): \(errno)") }
    }

    deinit { close(socket) }

    /// - Throws: ``TestFailure`` when the other side takes no more.
    func send(_ bytes: [UInt8]) throws {
        var start = 0
        while start < bytes.count {
            // MSG_NOSIGNAL: a door that closes must not end the test.
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    socket, buffer.baseAddress.map { unsafe $0 + start }, bytes.count - start,
                    Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw TestFailure("the door takes no more bytes: \(errno)") }
            start += sent
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Says that nothing more will come; answers can still be read.
    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Reads until `count` bytes are there or the other side ends.
    func read(_ count: Int) throws -> [UInt8] {
        while pending.count < count, try fill() {}
        let taken = Array(pending.prefix(count))
        pending.removeFirst(taken.count)
        return taken
    }

    /// Everything until the other side ends.
    func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { pending = [] }
        return pending
    }

    /// Reads up to and with the empty line that ends a head; what there was, if the end came first.
    func readHead() throws -> [UInt8] {
        var searched = 0
        while true {
            let end = Array("\r\n\r\n".utf8)
            if let place = pending[max(0, searched - 3)...].firstRange(of: end) {
                return try read(place.upperBound)
            }
            searched = pending.count
            guard try fill() else { return try readToEnd() }
        }
    }

    /// - Returns: false at the end.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let got = unsafe recv(socket, &chunk, chunk.count, 0)
        if got > 0 {
            pending += chunk[..<got]
            return true
        }
        if got == 0 || errno == ECONNRESET { return false }
        if errno == EINTR { return try fill() }
        throw TestFailure("no bytes from the door: \(errno)")
    }
}

/// The address of a socket's path.
func unixAddress(_ path: String) -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    precondition(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    return address
}
