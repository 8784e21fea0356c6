// One door: a listening socket, and who may connect to it.

package import Logging
import ServiceLifecycle
import VaultFormat

/// Serves HTTP/1.1 on a descriptor that was bound, or handed over, before.
package final class DoorServer: Service {
    private let server: ConnectionServer<PeerIdentity>

    package init(
        listener: Int32, handler: RequestHandler, counter: ConnectionCounter, logger: Logger
    ) {
        server = ConnectionServer(
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

    package func run() async throws { await server.run() }
}
