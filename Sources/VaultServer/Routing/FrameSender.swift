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
        guard channel.eventLoop.inEventLoop else {
            return try await channel.eventLoop.flatSubmit { patiently(write(parts)) }.get()
        }
        let written = write(parts)
        // What fits the socket is gone by now: neither a clock nor another turn of the loop is needed.
        if let outcome = Self.outcome(of: written) { return try outcome.get() }
        try await patiently(written).get()
    }

    private func write(_ parts: [HTTPResponsePart]) -> EventLoopFuture<Void> {
        for part in parts.dropLast() { channel.write(part, promise: nil) }
        guard let last = parts.last else { return channel.eventLoop.makeSucceededVoidFuture() }
        return channel.writeAndFlush(last)
    }

    /// What a future of this loop has come to already; nil while it has not.
    private static func outcome(of future: EventLoopFuture<Void>) -> Result<Void, any Error>? {
        var outcome: Result<Void, any Error>?
        future.assumeIsolated().whenComplete { outcome = $0 }
        return outcome
    }

    private func patiently(_ written: EventLoopFuture<Void>) -> EventLoopFuture<Void> {
        let channel = channel
        let patience = channel.eventLoop.scheduleTask(in: .seconds(Int64(Limits.idleSeconds))) {
            channel.close(promise: nil)
        }
        written.whenComplete { _ in patience.cancel() }
        return written
    }
}
