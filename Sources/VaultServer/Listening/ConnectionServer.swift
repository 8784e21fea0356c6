// A listening socket, its connections, and their end; what is said on them is somebody else's.

import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import VaultFormat

/// Serves HTTP/1.1 on a descriptor that was bound, or handed over, before.
final class ConnectionServer<Caller: Sendable>: Sendable {
    /// What a connection is to its server.
    struct Rules: Sendable {
        /// Who calls; nil where there is no room, and the caller is told so.
        let admit: @Sendable (Int32) -> Caller?
        /// Answers one request; throws to end the connection.
        let respond: @Sendable (Request, Caller, any Channel) async throws -> Void
        /// Told at the end of each that was admitted.
        let release: @Sendable (Caller) -> Void
        /// Seconds after which a connection is over, whatever it does; nil for as long as it is used.
        var seconds: Int?
    }

    private let acceptor: Acceptor
    private let rules: Rules
    private let logger: Logger
    private let loops = EventLoops.shared
    private let state = Mutex(State())

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isQuiescing = false
    }

    init(listener: Int32, rules: Rules, logger: Logger) throws(ListenError) {
        acceptor = try Acceptor(listener: listener)
        self.rules = rules
        self.logger = logger
    }

    func run() async {
        let (connections, continuation) = AsyncStream.makeStream(
            of: (Int32, Caller).self, bufferingPolicy: .unbounded)
        acceptor.start(admit: rules.admit) { continuation.yield(($0, $1)) }
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { tasks in
                var turn = 0
                for await (socket, caller) in connections {
                    turn = (turn + 1) % loops.count
                    let executor = loops[turn]
                    tasks.addTask(executorPreference: executor) {
                        await self.serve(socket, caller, on: executor.loop)
                        self.rules.release(caller)
                    }
                }
            }
        } onGracefulShutdown: {
            self.acceptor.stop()
            continuation.finish()
            self.quiesce()
        }
    }

    private func serve(_ socket: Int32, _ caller: Caller, on loop: any EventLoop) async {
        let respond = rules.respond
        let http = HTTP1Channel(
            responder: { request, _, channel in try await respond(request, caller, channel) },
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
            let channel = connection.channel
            let id = ObjectIdentifier(channel)
            let isLate = state.withLock { state in
                state.channels[id] = channel
                return state.isQuiescing
            }
            if isLate { Self.quiesce(channel) }
            let end = rules.seconds.map { seconds in
                loop.scheduleTask(in: .seconds(Int64(seconds))) { channel.close(promise: nil) }
            }
            await http.handle(value: connection, logger: logger)
            end?.cancel()
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

/// Connections of every socket share these, in turn.
enum EventLoops {
    static let shared = MultiThreadedEventLoopGroup(numberOfThreads: Limits.eventLoops)
        .makeIterator().map { LoopExecutor($0) }
}
