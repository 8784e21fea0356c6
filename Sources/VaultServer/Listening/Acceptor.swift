// Takes connections from a listening socket on a thread of its own. Who calls is known, and counted,
// before a byte is read: one idle flooder locks nobody else out.

import Foundation
import Glibc
import Synchronization
import VaultFormat

/// Open connections, in all and by uid, across every door.
package final class ConnectionCounter: Sendable {
    private let open = Mutex<[UInt32: Int]>([:])

    package init() {}

    package var total: Int { open.withLock { $0.values.reduce(0, +) } }

    /// Whether there is room for one more from `uid`; counts it if so.
    func admit(_ uid: UInt32) -> Bool {
        open.withLock { open in
            let own = open[uid, default: 0]
            guard own < Limits.connectionsPerUser,
                open.values.reduce(0, +) < Limits.connections
            else { return false }
            open[uid] = own + 1
            return true
        }
    }

    func release(_ uid: UInt32) {
        open.withLock { open in
            let own = open[uid, default: 0] - 1
            open[uid] = own > 0 ? own : nil
        }
    }
}

final class Acceptor: Sendable {
    private let listener: Int32
    private let stopping = Mutex(false)

    init(listener: Int32) { self.listener = listener }

    /// Starts the thread. `accepted` takes over the descriptor.
    func start(
        counter: ConnectionCounter, accepted: @escaping @Sendable (Int32, PeerIdentity) -> Void
    ) {
        let thread = Thread { [self] in run(counter, accepted) }
        thread.name = "accept"
        thread.start()
    }

    /// Ends the thread; the socket takes no further connections.
    func stop() {
        stopping.withLock { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func run(
        _ counter: ConnectionCounter, _ accepted: (Int32, PeerIdentity) -> Void
    ) {
        while true {
            let socket = accept(listener, nil, nil)
            if socket < 0 {
                if stopping.withLock({ $0 }) { break }
                // Out of descriptors or memory: what is open will end; do not spin meanwhile.
                if errno != EINTR, errno != ECONNABORTED { usleep(20_000) }
                continue
            }
            // This process never forks once a door is open: no child can inherit it meanwhile.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            // A whole frame at once where the kernel allows it, else as much as it does.
            var room = Int32(Limits.socketSendBytes)
            _ = unsafe setsockopt(
                socket, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
            guard let peer = PeerIdentity(socket: socket), counter.admit(peer.uid) else {
                close(socket)
                continue
            }
            accepted(socket, peer)
        }
        close(listener)
    }
}
