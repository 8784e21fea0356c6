// One door: a listening socket, its connections, and their end.

import HTTPTypes
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import VaultFormat

/// Serves HTTP/1.1 on a descriptor that was bound, or handed over, before.
package final class DoorServer: Service {
    private let acceptor: Acceptor
    private let handler: RequestHandler
    private let counter: ConnectionCounter
    private let loops: [LoopExecutor]
    /// Connections of every door share these, in turn.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: Limits.eventLoops)
        .makeIterator().map { LoopExecutor($0) }
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isQuiescing = false
    }

    package init(
        listener: Int32, handler: RequestHandler, counter: ConnectionCounter, logger: Logger
    ) {
        acceptor = Acceptor(listener: listener)
        self.handler = handler
        self.counter = counter
        self.logger = logger
        loops = Self.loops
    }

    package func run() async throws {
        let (connections, continuation) = AsyncStream.makeStream(
            of: (Int32, PeerIdentity).self, bufferingPolicy: .unbounded)
        acceptor.start(counter: counter) { continuation.yield(($0, $1)) }
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { tasks in
                var turn = 0
                for await (socket, peer) in connections {
                    turn = (turn + 1) % loops.count
                    let executor = loops[turn]
                    tasks.addTask(executorPreference: executor) {
                        await self.serve(socket, peer, on: executor.loop)
                        self.counter.release(peer.uid)
                    }
                }
            }
        } onGracefulShutdown: {
            self.acceptor.stop()
            continuation.finish()
            self.quiesce()
        }
    }

    private func serve(_ socket: Int32, _ peer: PeerIdentity, on loop: any EventLoop) async {
        let handler = handler
        let http = HTTP1Channel(
            responder: { request, _, channel in
                try await handler.respond(to: request, from: peer, on: channel)
            },
            configuration: .init(
                additionalChannelHandlers: [MalformedRequests()],
                idleTimeout: .seconds(Int64(Limits.idleSeconds)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: Limits.headerBytes,
                    maxHeaderListSize: Limits.headerBytes,
                    maxHeaderFieldCount: Limits.headerFields)))
        do {
            let logger = logger
            let connection = try await ClientBootstrap(group: loop)
                .channelOption(.maxMessagesPerRead, value: ReadBuffers.inARow)
                // Who has sent all it had to say still waits for its answer.
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelOption(.recvAllocator, value: ReadBuffers.allocator)
                .withConnectedSocket(socket) { channel in
                    http.setup(channel: channel, logger: logger)
                }
            let id = ObjectIdentifier(connection.channel)
            let isLate = state.withLock { state in
                state.channels[id] = connection.channel
                return state.isQuiescing
            }
            if isLate { Self.quiesce(connection.channel) }
            await http.handle(value: connection, logger: logger)
            state.withLock { _ = $0.channels.removeValue(forKey: id) }
        } catch {
            logger.debug("a connection could not be set up")
        }
    }

    /// Idle connections close now, busy ones after their answer.
    private func quiesce() {
        let channels = state.withLock { state in
            state.isQuiescing = true
            return Array(state.channels.values)
        }
        for channel in channels { Self.quiesce(channel) }
    }

    private static func quiesce(_ channel: any Channel) {
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
