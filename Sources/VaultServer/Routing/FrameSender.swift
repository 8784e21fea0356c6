// Writing that ends when the socket has the bytes, or the reader's time is over.

import NIOCore
import NIOHTTPTypes
import VaultFormat

struct FrameSender: Sendable {
    private let channel: any Channel

    init(_ channel: any Channel) { self.channel = channel }

    /// Writes `parts` in order and waits until the kernel took them.
    ///
    /// - Throws: when the connection ended, or took nothing for ``Limits/idleSeconds``.
    func send(_ parts: [HTTPResponsePart]) async throws {
        let channel = channel
        try await channel.eventLoop.flatSubmit {
            for part in parts.dropLast() { channel.write(part, promise: nil) }
            let written = channel.eventLoop.makePromise(of: Void.self)
            if let last = parts.last {
                channel.writeAndFlush(last, promise: written)
            } else {
                written.succeed()
            }
            let patience = channel.eventLoop.scheduleTask(in: .seconds(Int64(Limits.idleSeconds))) {
                channel.close(promise: nil)
            }
            written.futureResult.whenComplete { _ in patience.cancel() }
            return written.futureResult
        }.get()
    }
}
