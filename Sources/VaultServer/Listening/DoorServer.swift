// One door: a listening socket, and who may connect to it.

package import Logging
import NIOCore
import ServiceLifecycle
import VaultFormat

/// Serves HTTP/1.1 on a descriptor that was bound, or handed over, before.
package final class DoorServer: Service {
    private let server: ConnectionServer<PeerIdentity>

    package init(
        listener: Int32, handler: RequestHandler, counter: ConnectionCounter, logger: Logger
    ) throws(ListenError) {
        server = try ConnectionServer(
            listener: listener,
            rules: .init(
                admit: { socket in
                    guard let peer = PeerIdentity(socket: socket), counter.admit(peer.uid) else {
                        return nil
                    }
                    return peer
                },
                respond: { try await handler.respond(to: $0, from: $1, on: $2) },
                release: { counter.release($0.uid) }),
            logger: logger)
    }

    /// Asks each event loop that connections are on.
    ///
    /// - Parameter answered: called on each of them.
    /// - Returns: how often it is going to be called.
    package static func ask(_ answered: @escaping @Sendable () -> Void) -> Int {
        for executor in EventLoops.shared { executor.loop.execute(answered) }
        return EventLoops.shared.count
    }

    package func run() async throws { await server.run() }
}
