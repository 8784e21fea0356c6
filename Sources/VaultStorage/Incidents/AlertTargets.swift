// Where incidents are told of: a command, the local syslog, and a socket that speaks HTTP. Each is given a line of
// JSON and nothing else, and a bounded time.

import Foundation
import Glibc
package import Vault
package import VaultFormat

/// A program of the admin's choice, with the line on its standard input.
package struct AlertCommand: AlertTarget {
    private let command: CommandRun
    package var kind: AlertKind { .command }

    /// - Parameter words: a program by its path, and what it is given.
    package init(_ words: [String], seconds: Int = Limits.alertSeconds) {
        command = CommandRun(words, seconds: seconds)
    }

    package func send(_ text: String) throws(StorageError) { try command.run(text + "\n") }
}

/// The datagram socket of syslog or the journal, in the form of RFC 3164 without a time, which the receiver has.
package struct AlertSyslog: AlertTarget {
    private let path: String
    package var kind: AlertKind { .syslog }

    package init(path: String) { self.path = path }

    package func send(_ text: String) throws(StorageError) {
        let socket = try UnixPeer(path, SOCK_DGRAM, seconds: Limits.alertSeconds)
        // Facility authpriv (10), severity alert (1).
        try socket.write(Array("<81>vaultd[\(getpid())]: incident \(text)".utf8))
    }
}

/// A POST to a stream socket.
package struct AlertSocket: AlertTarget {
    private let path: String
    private let target: String
    package var kind: AlertKind { .socket }

    /// - Parameter target: the path of the request.
    package init(path: String, target: String) {
        self.path = path
        self.target = target
    }

    package func send(_ text: String) throws(StorageError) {
        let socket = try UnixPeer(path, SOCK_STREAM, seconds: Limits.alertSeconds)
        let body = Array(text.utf8)
        let head = """
            POST \(target) HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/json\r
            Content-Length: \(body.count)\r
            Connection: close\r
            \r

            """
        try socket.write(Array(head.utf8) + body)
        let line = String(decoding: try socket.firstLine(), as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].count == 3,
            words[1].first == "2"
        else { throw .unavailable(EPROTO) }
    }
}

/// A connection to a local socket that waits for nobody for long.
private struct UnixPeer: ~Copyable {
    private let descriptor: CInt
    private let deadline: ContinuousClock.Instant

    init(_ path: String, _ type: __socket_type, seconds: Int) throws(StorageError) {
        descriptor = try Self.connected(to: path, type, seconds: seconds)
        deadline = .now + .seconds(seconds)
    }

    private static func connected(
        to path: String, _ type: __socket_type, seconds: Int
    ) throws(StorageError) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else { throw .unavailable(ENAMETOOLONG) }
        // Inside the name: it is shorter, and the rest is zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw StorageError(errno: errno) }
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bounds = [SO_SNDTIMEO, SO_RCVTIMEO].map { option in
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &patience, size)
        }
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, length)
            }
        }
        guard connected == 0, bounds == [0, 0] else {
            let failure = errno
            close(descriptor)
            throw StorageError(errno: failure)
        }
        return descriptor
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws(StorageError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard ContinuousClock.now < deadline else { throw .unavailable(ETIMEDOUT) }
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StorageError(errno: errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// What comes before the first end of a line.
    func firstLine() throws(StorageError) -> [UInt8] {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256)
        while line.count < Limits.alertAnswerBytes, ContinuousClock.now < deadline {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            line += chunk.prefix(count)
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
        }
        throw .unavailable(ETIMEDOUT)
    }
}
