// What is no HTTP becomes a request that nobody can send, so that it is answered and logged in its turn
// like any other: a problem document instead of a bare status, and an event of the refusal.

import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands between the HTTP parser and the requests of one connection.
final class MalformedRequests: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// The scheme of what could not be parsed; the parser itself gives `http` to every request.
    static let scheme = "malformed"

    private var isInsideRequest = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isInsideRequest = true
        case .body: break
        case .end: isInsideRequest = false
        }
        context.fireChannelRead(data)
    }

    /// A fault inside a body breaks off the request that the body belongs to.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isInsideRequest else {
            return context.fireErrorCaught(error)
        }
        let head = HTTPRequest(method: .get, scheme: Self.scheme, authority: nil, path: "/")
        context.fireChannelRead(wrapInboundOut(.head(head)))
        context.fireChannelRead(wrapInboundOut(.end(nil)))
        context.fireChannelReadComplete()
    }
}
