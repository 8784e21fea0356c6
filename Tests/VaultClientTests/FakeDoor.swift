// A door with nothing behind it: takes whole requests on a Unix socket and answers as told, byte
// for byte, so that a test can break an answer wherever it likes.

import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import VaultClient

final class FakeDoor: Sendable {
    struct Answer: Sendable {
        var bytes: String
        var closes = false

        static func json(_ status: Int, _ body: String, type: String = "application/json") -> Self {
            Answer(
                bytes: "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }

    let directory: String
    private let requests = Mutex<[String]>([])

    private init(directory: String) {
        self.directory = directory
    }

    var socketPath: String { "\(directory)/door.sock" }
    /// Each request as it came: head and body.
    var heard: [String] { requests.withLock { $0 } }

    /// Opens a door in a directory of its own, lends it, and removes both.
    static func with(
        answering answer: @escaping @Sendable (String) -> Answer,
        _ test: @Sendable (FakeDoor, SocketPath) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let door = FakeDoor(directory: directory)
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { child in
                    child.eventLoop.makeCompletedFuture {
                        try child.pipeline.syncOperations.addHandler(Handler(door, answer))
                    }
                }
                .bind(unixDomainSocketPath: door.socketPath).get()
            do {
                try await test(door, SocketPath(door.socketPath))
            } catch {
                try await channel.close()
                throw error
            }
            try await channel.close()
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let door: FakeDoor
        private let answer: @Sendable (String) -> Answer
        private var gathered: [UInt8] = []

        init(_ door: FakeDoor, _ answer: @escaping @Sendable (String) -> Answer) {
            self.door = door
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            gathered += unwrapInboundIn(data).readableBytesView
            guard let request = wholeRequest() else { return }
            gathered = []
            door.requests.withLock { $0.append(request) }
            let answer = answer(request)
            let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer.bytes)))
            if answer.closes {
                let context = NIOLoopBound(context, eventLoop: context.eventLoop)
                written.whenComplete { _ in context.value.close(promise: nil) }
            }
        }

        private func wholeRequest() -> String? {
            let text = String(decoding: gathered, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { return nil }
            let length = text[..<end.lowerBound].split(separator: "\r\n")
                .first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.dropFirst(15).filter { $0 != " " }) }
            let body = text[end.upperBound...].utf8.count
            return body >= length ?? 0 ? text : nil
        }
    }
}

/// Lends a directory and removes it with its files.
func withTemporaryDirectory(_ body: @Sendable (String) async throws -> Void) async throws {
    let directory = "/tmp/vault-client-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    try #require(unsafe mkdir(directory, 0o700) == 0)
    do {
        try await body(directory)
    } catch {
        try? FileManager.default.removeItem(atPath: directory)
        throw error
    }
    try FileManager.default.removeItem(atPath: directory)
}
