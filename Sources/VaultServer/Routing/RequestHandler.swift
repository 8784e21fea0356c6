// From a request to an answer: who asks, what for, and the event of every refusal before it is told.

import HTTPTypes
import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTPTypes
package import Vault
import VaultAPI
import VaultCrypto
package import VaultFormat

/// Answers the requests of one door.
package struct RequestHandler: Sendable {
    let door: Door
    let access: DoorAccess
    let vault: Vault
    let service: ServiceFacts
    let logger: Logger

    package init(
        door: Door, access: DoorAccess, vault: Vault, service: ServiceFacts, logger: Logger
    ) {
        self.door = door
        self.access = access
        self.vault = vault
        self.service = service
        self.logger = logger
    }

    /// Answers one request; throws to end the connection.
    func respond(
        to request: Request, from peer: PeerIdentity, through writer: consuming ResponseWriter,
        on channel: any Channel
    ) async throws {
        var exchange = Exchange(request: request, peer: peer, door: door)
        switch try await reply(&exchange, writer) {
        case .answer(let answer): try await answer.write(to: writer)
        case .image(let opened):
            try await send(opened, exchange, through: FrameSender(channel))
        case .refusal(let answer):
            try await answer.write(to: writer)
            if exchange.hasUnreadBody {
                try await drain(exchange.body)
                throw ConnectionEnds()
            }
        }
    }

    /// Carries the request out, up to the first byte of what goes back.
    private func reply(
        _ exchange: inout Exchange, _ writer: borrowing ResponseWriter
    ) async throws -> Reply {
        do {
            switch try await admit(&exchange) {
            case .getImage(let id): return .image(try await openImage(id, exchange))
            case .putImage:
                let received = try await receiveImage(exchange, writer)
                exchange.hasUnreadBody = false
                return .answer(try await putImage(received, exchange))
            case let verb: return .answer(try await answer(verb, exchange))
            }
        } catch let refusal as Refusal {
            return .refusal(tell(refusal, exchange))
        }
    }

    /// Who may not speak is told so, and so is who asks for what is not there.
    private func admit(_ exchange: inout Exchange) async throws -> Verb {
        guard access.admits(exchange.peer) else {
            exchange.action = .strangerRefused
            logger.warning(
                "a stranger was refused",
                metadata: [
                    "door": "\(door.name)", "uid": "\(exchange.peer.uid)",
                    "request_id": "\(exchange.id)",
                ])
            throw try await refused(VaultError(.notPermitted), exchange)
        }
        let verb: Verb
        do throws(RouteRefusal) {
            verb = try Verb(
                method: exchange.request.method, path: exchange.path, door: door)
        } catch {
            var refusal = try await refused(VaultError(error.code), exchange)
            if !error.allowed.isEmpty {
                refusal.fields[.allow] = error.allowed.map(\.rawValue).joined(separator: ", ")
            }
            throw refusal
        }
        exchange.action = verb.action
        // No page in a browser has business here: what it forges carries its origin.
        if verb.isMutating, exchange.isCrossSite {
            throw try await refused(VaultError(.crossSite), exchange)
        }
        // Only an upload has a body; any other would have to be read for nothing.
        if verb != .putImage, exchange.hasUnreadBody {
            throw try await refused(VaultError(.badRequest), exchange)
        }
        return verb
    }

    // MARK: Refusals

    /// The refusal of `error`, whose event is durable when this returns.
    func refused(
        _ error: VaultError, detail: String? = nil, _ exchange: Exchange
    ) async throws -> Refusal {
        do throws(VaultError) {
            try await vault.record(error, as: exchange.action, exchange.call)
        } catch {
            return Refusal(error: error, detail: nil)
        }
        return Refusal(error: error, detail: detail)
    }

    /// Parses a part of the request; what it refuses is in the log before it is told.
    func parsing<T>(
        _ exchange: Exchange, _ body: () throws(RequestError) -> T
    ) async throws -> T {
        do throws(RequestError) {
            return try body()
        } catch {
            throw try await refused(VaultError(error.code), detail: error.detail, exchange)
        }
    }

    /// Runs a verb, which leaves its own events.
    func verb<T>(_ body: () async throws(VaultError) -> T) async throws -> T {
        do throws(VaultError) {
            return try await body()
        } catch {
            throw Refusal(error: error, detail: nil)
        }
    }

    private func tell(_ refusal: Refusal, _ exchange: Exchange) -> Answer {
        let code = refusal.error.code
        if code.description.status >= 500 {
            logger.error(
                "a request failed",
                metadata: ["code": "\(code.rawValue)", "request_id": "\(exchange.id)"])
        }
        var answer = Answer.problem(
            ProblemDocument(
                code, detail: refusal.detail, request: exchange.id, finding: refusal.error.finding))
        for field in refusal.fields { answer.fields[field.name] = field.value }
        if exchange.request.method == .head { answer.body = [] }
        if exchange.hasUnreadBody { answer.fields[.connection] = "close" }
        return answer
    }

    /// Reads a bounded rest of an upload that was refused: a caller that is still sending would
    /// otherwise see its connection break and not the answer.
    private func drain(_ body: BodyParts) async throws {
        var rest = Limits.drainBytes
        while let part = try await body.next() {
            rest -= part.readableBytes
            if rest < 0 { return }
        }
    }
}

/// What goes back.
private enum Reply {
    case answer(Answer)
    case image(OpenedImage)
    case refusal(Answer)
}

/// Ends a connection after its answer.
struct ConnectionEnds: Error {}

/// A no, ready to be told.
struct Refusal: Error {
    let error: VaultError
    let detail: String?
    var fields = HTTPFields()
}

/// A request's body from its first piece to its last: whoever reads goes on where the one before
/// stopped, because a body can be iterated only once.
final class BodyParts: @unchecked Sendable {
    // @unchecked: read by the one task that answers the request.
    private let body: RequestBody
    private var parts: RequestBody.AsyncIterator?

    init(_ body: RequestBody) { self.body = body }

    /// The next piece; nil at the end.
    func next() async throws -> ByteBuffer? {
        var parts = parts ?? body.makeAsyncIterator()
        defer { self.parts = parts }
        return try await parts.next()
    }
}

/// One request while it is being answered.
struct Exchange {
    let request: Request
    let body: BodyParts
    let peer: PeerIdentity
    let door: Door
    let id: RequestID
    /// What a refusal is logged as: the verb, once it is known.
    var action = EventAction.requestRefused
    /// Whether bytes may follow the head that nobody has taken yet.
    var hasUnreadBody: Bool

    init(request: Request, peer: PeerIdentity, door: Door) {
        self.request = request
        body = BodyParts(request.body)
        hasUnreadBody =
            request.headers[.contentLength].map { $0 != "0" }
            ?? (request.headers[.transferEncoding] != nil)
        self.peer = peer
        self.door = door
        // libsodium was started before a door was opened; without it no request has a number.
        id = (try? Random.id()) ?? RequestID(checked: [UInt8](repeating: 0, count: 8))
    }

    var call: Call {
        Call(
            caller: Caller(door: door, uid: peer.uid, gid: peer.gid, pid: peer.pid), request: id,
            namespace: .standard)
    }

    var path: Substring {
        let target = request.head.path ?? ""
        return target.prefix { $0 != "?" }
    }

    var query: Substring? {
        let target = request.head.path ?? ""
        return target.firstIndex(of: "?").map { target[target.index(after: $0)...] }
    }

    func values(_ name: String) -> [String] {
        HTTPField.Name(name).map { request.headers[values: $0] } ?? []
    }

    /// Whether a browser sent it for a page: with an `Origin`, or from another site by its own word
    /// (Fetch Metadata).
    var isCrossSite: Bool {
        !values(HeaderName.origin).isEmpty
            || values(HeaderName.fetchSite).contains { $0 != "same-origin" && $0 != "none" }
    }

    /// What `Content-Type` says; two of them say what no image agrees with.
    var declaredType: String? {
        let values = values(HeaderName.contentType)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    func claim() throws(RequestError) -> Claim {
        try Claim(jobFields: values(HeaderName.job), ownerFields: values(HeaderName.owner))
    }
}
