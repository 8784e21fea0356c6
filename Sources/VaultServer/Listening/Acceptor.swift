// Takes connections from a listening socket on a thread of its own. Who calls is known, and counted,
// before a byte is read: one idle flooder locks nobody else out. Who finds no room is told so, and when to come again.

import Foundation
import Glibc
import HTTPTypes
import Synchronization
import VaultAPI
import VaultFormat

/// The socket may be somebody else's as well, who keeps it beyond this process: it is closed here and never shut
/// down, which would end it for everybody.
final class Acceptor: Sendable {
    private let listener: Int32
    /// The thread sleeps at one end; closing the other wakes it.
    private let bell: Int32
    private let rope: Mutex<Int32>

    init(listener: Int32) throws(ListenError) {
        self.listener = listener
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw ListenError("wait at", "a socket") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        bell = ends[0]
        rope = Mutex(ends[1])
        // What the thread was woken for may have gone to another holder of the socket: it must not wait then.
        _ = fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK)
    }

    /// Starts the thread. `accepted` takes over the descriptor of whom `admit` has room for.
    func start<Caller>(
        admit: @escaping @Sendable (Int32) -> Caller?,
        accepted: @escaping @Sendable (Int32, Caller) -> Void
    ) {
        let thread = Thread { [self] in run(admit, accepted) }
        thread.name = "accept"
        thread.start()
    }

    /// Ends the thread; no further connection is taken. Those that wait are the next holder's.
    func stop() {
        rope.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }

    /// Waits for a connection, or for the stop.
    ///
    /// - Returns: whether to go on.
    private func waits() -> Bool {
        var awaited = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&awaited, nfds_t(awaited.count), -1)
        return awaited[0].revents == 0
    }

    private func run<Caller>(
        _ admit: (Int32) -> Caller?, _ accepted: (Int32, Caller) -> Void
    ) {
        while waits() {
            let socket = accept(listener, nil, nil)
            if socket < 0 {
                // Out of descriptors or memory: what is open will end; do not spin meanwhile.
                if errno != EINTR, errno != ECONNABORTED, errno != EAGAIN { usleep(20_000) }
                continue
            }
            // This process never forks once a door is open: no child can inherit it meanwhile.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            // A whole frame at once where the kernel allows it, else as much as it does.
            var room = Int32(Limits.socketSendBytes)
            _ = unsafe setsockopt(
                socket, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
            guard let caller = admit(socket) else {
                Self.refuse(socket)
                continue
            }
            accepted(socket, caller)
        }
        close(listener)
        close(bell)
    }

    /// Says that there are too many connections, to whoever is there to hear it, and ends this one. What it asks for is
    /// not read: that would have to be waited for.
    private static func refuse(_ socket: Int32) {
        let answer = busy(Answer.problem(ProblemDocument(.overloaded, request: .fresh())))
        // A new socket has room for it; who has hung up misses nothing.
        _ = unsafe answer.withUnsafeBytes { bytes in
            unsafe send(
                socket, bytes.baseAddress, bytes.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        close(socket)
    }

    /// The answer as HTTP/1.1, before which there was no request.
    private static func busy(_ answer: Answer) -> [UInt8] {
        let status = HTTPResponse.Status.serviceUnavailable
        var lines = ["HTTP/1.1 \(status.code) \(status.reasonPhrase)"]
        lines += answer.fields.map { "\($0.name.rawName): \($0.value)" } + ["Connection: close"]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + answer.body
    }
}
