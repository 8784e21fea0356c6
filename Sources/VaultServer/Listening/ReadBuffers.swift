// What a connection's bytes are read into. NIO keeps such buffers for as long as the connection lives, and thousands of
// connections are idle: so they begin small, do not grow beyond what a read brings, and are let go after an upload.

import NIOCore
import VaultFormat

enum ReadBuffers {
    /// Reads in a row of one connection, and so the buffers that it may keep.
    static let inARow = UInt(Limits.receiveBuffers)

    /// What is read at once follows what came before.
    static var allocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(
            minimum: Limits.receiveBytesLeast, initial: Limits.receiveBytesLeast,
            maximum: Limits.receiveBytes)
    }

    /// Lets all but one go: the pool of a channel has as many as it reads in a row.
    static func letGo(_ channel: any Channel) {
        _ = channel.setOption(.maxMessagesPerRead, value: 1)
        _ = channel.setOption(.maxMessagesPerRead, value: inARow)
    }
}
