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
    let policy: PolicyHolder
    let vault: Vault
    let service: ServiceFacts
    let executor: RequestExecutor
    let logger: Logger
    let readings = ReadingPlaces()
    private let tracing = RequestTracing()

    package init(
        door: Door, policy: PolicyHolder, vault: Vault, service: ServiceFacts,
        executor: RequestExecutor, logger: Logger
    ) {
        self.door = door
        self.policy = policy
        self.vault = vault
        self.service = service
        self.executor = executor
        self.logger = logger
    }

    /// Answers one request; throws to end the connection.
    func respond(
        to request: Request, from peer: PeerIdentity, on channel: any Channel
    ) async throws {
        let exchange = Exchange(
            request: request, peer: peer, door: door, policy: policy.current)
        defer { if exchange.carriesMuch { ReadBuffers.letGo(channel) } }
        let reply = try await measured(exchange) {
            try await tracing.request(exchange) {
                let sender = FrameSender(channel)
                let reply = try await tracing.step("answer") {
                    try await punctualReply(exchange, sender, channel.eventLoop)
                }
                try await tracing.step("send") { try await send(reply, exchange, through: sender) }
                return reply
            }
        }
        guard case .refusal(_, hasUnreadBody: true) = reply else { return }
        try await drain(exchange.body)
        throw ConnectionEnds()
    }

    /// Counts a request, from here to the end of its answer.
    private func measured(
        _ exchange: Exchange, _ body: () async throws -> Reply
    ) async throws -> Reply {
        let begun = ContinuousClock.now
        var outcome = RequestOutcome.failed
        service.requests.began()
        defer {
            service.requests.ended(
                exchange.progress.verb, outcome, after: ContinuousClock.now - begun)
        }
        let reply = try await body()
        outcome = reply.outcome
        return reply
    }

    private func send(
        _ reply: Reply, _ exchange: Exchange, through sender: FrameSender
    ) async throws {
        switch reply {
        case .answer(let answer), .refusal(let answer, _): try await sender.send(answer.parts)
        case .image(let opened, let place):
            // It ends when the reader has all, or is gone.
            defer { withExtendedLifetime(place) {} }
            try await send(opened, exchange, through: sender)
        case .stream(let stream, let type):
            try await send(stream, as: type, exchange, through: sender)
        }
    }

    /// The reply, or where the sender waits for so long only, what is known by then: whatever the
    /// request still waits for is given up, and what is committed stays.
    private func punctualReply(
        _ exchange: Exchange, _ sender: FrameSender, _ clock: any EventLoop
    ) async throws -> Reply {
        guard let timeout = exchange.timeout else { return try await reply(exchange, sender) }
        let task = Task(executorPreference: executor) { try await reply(exchange, sender) }
        let alarm = clock.scheduleTask(in: timeout) { task.cancel() }
        defer { alarm.cancel() }
        return try await task.value
    }

    /// Carries the request out, up to the first byte of what goes back.
    private func reply(_ exchange: Exchange, _ sender: FrameSender) async throws -> Reply {
        var exchange = exchange
        do {
            let verb = try await admit(&exchange)
            switch verb {
            case .getImage(let id):
                return try await inTurn(exchange) { try await getImage(id, exchange) }
            case .bundle, .beginBackup, .copyBlobs:
                if verb.payload == .small { try await receiveSmall(&exchange) }
                let asked = exchange
                return try await inTurn(asked) {
                    try await onRequestThread { try await open(verb, asked) }
                }
            case .putImage:
                let received = try await receiveImage(exchange, sender)
                exchange.hasUnreadBody = false
                return .answer(
                    try await inTurn(exchange) {
                        try await onRequestThread { try await putImage(received, exchange) }
                    })
            case .inspectImage:
                let received = try await receiveForInspection(exchange, sender)
                exchange.hasUnreadBody = false
                return .answer(
                    try await inTurn(exchange) {
                        try await onRequestThread { try await inspectImage(received, exchange) }
                    })
            default:
                if verb.payload == .small { try await receiveSmall(&exchange) }
                if verb.payload == .secret { try await receiveSecret(&exchange) }
                guard verb.takesTurn else {
                    return .answer(
                        try await onRequestThread { try await answer(verb, exchange) })
                }
                return .answer(
                    try await inTurn(exchange) {
                        try await onRequestThread { try await answer(verb, exchange) }
                    })
            }
        } catch let refusal as Refusal {
            return .refusal(tell(refusal, exchange), hasUnreadBody: exchange.hasUnreadBody)
        }
    }

    /// Runs a verb, all of whose request is here, when it is its principal's turn.
    private func inTurn<R>(
        _ exchange: Exchange, _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await vault.turns.take(exchange.principalName, body)
        } catch let error as VaultError {
            throw try await refused(error, exchange)
        }
    }

    /// Runs what flushes, or reads much, where it may block.
    func onRequestThread<R>(_ body: () async throws -> R) async throws -> R {
        try await withTaskExecutorPreference(executor) { try await body() }
    }

    /// Who may not speak is told so, and so is who asks for what is not there.
    private func admit(_ exchange: inout Exchange) async throws -> Verb {
        exchange.principal = exchange.policy.principal(of: exchange.peer, at: door)
        guard let principal = exchange.principal else {
            exchange.action = .strangerRefused
            try await requireRoomForStranger(&exchange)
            logger.warning(
                "a stranger was refused",
                metadata: [
                    "door": "\(door.name)", "uid": "\(exchange.peer.uid)",
                    "request_id": "\(exchange.id)",
                ])
            throw try await refused(VaultError(.notPermitted), exchange)
        }
        if exchange.isMalformed {
            try await requireRoom(.open, exchange)
            throw try await refused(
                VaultError(.badRequest), detail: "This is not an HTTP/1.1 request.", exchange)
        }
        let verb: Verb
        do throws(RouteRefusal) {
            verb = try Verb(
                method: exchange.request.method, path: exchange.path, door: door)
        } catch {
            try await requireRoom(.open, exchange)
            var refusal = try await refused(VaultError(error.code), exchange)
            if !error.allowed.isEmpty {
                refusal.fields[.allow] = error.allowed.map(\.rawValue).joined(separator: ", ")
            }
            throw refusal
        }
        exchange.action = verb.action
        exchange.progress.asks(for: verb)
        let speaker = try await identify(principal, asking: verb, &exchange)
        exchange.principal = speaker
        exchange.quota = exchange.policy.quotas[speaker.namespace] ?? .none
        if let limit = verb.limitClass {
            // Nothing of a request is taken in before it is known that it may come.
            let bytes = verb.payload == .image ? announcedBytes(exchange) : 0
            try await requireRoom(limit, bytes: bytes, exchange)
        }
        try await requireFreedom(verb, of: [principal, speaker], exchange)
        guard verb.name.map({ speaker.may($0, at: door) }) ?? true else {
            throw try await refused(VaultError(.notPermitted), exchange)
        }
        _ = try await parsing(exchange) { () throws(RequestError) in try exchange.context.get() }
        // No page in a browser has business here: what it forges carries its origin.
        if verb.isMutating, exchange.isCrossSite {
            throw try await refused(VaultError(.crossSite), exchange)
        }
        // A body that the verb does not take would have to be read for nothing.
        if verb.payload == .none, exchange.hasUnreadBody {
            throw try await refused(VaultError(.badRequest), exchange)
        }
        // The pace of a namespace is for those who may store in it.
        if case .putImage = verb {
            try await requireUploadRoom(announcedBytes(exchange), exchange)
        }
        return verb
    }

    /// Takes in a body that is no image.
    private func receiveSmall(_ exchange: inout Exchange) async throws {
        do {
            while let part = try await exchange.body.next() {
                guard part.readableBytes <= Limits.smallBodyBytes - exchange.content.count else {
                    throw try await refused(VaultError(.bodyTooLarge), exchange)
                }
                exchange.content.append(contentsOf: part.readableBytesView)
            }
            exchange.hasUnreadBody = false
        } catch  where Task.isCancelled {
            throw try await refused(VaultError(.deadlineExceeded), exchange)
        }
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
                code, detail: refusal.detail, request: exchange.id,
                finding: refusal.error.finding, after: refusal.retryAfterMilliseconds,
                approval: refusal.error.asked.map(ApprovalNotice.init)))
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
enum Reply {
    case answer(Answer)
    case image(OpenedImage, ReadingPlaces.Place)
    /// With its media type.
    case stream(any OutgoingStream, String)
    case refusal(Answer, hasUnreadBody: Bool)

    /// What came of the request, if all of this leaves.
    var outcome: RequestOutcome {
        switch self {
        case .image, .stream: .ok
        case .answer(let answer), .refusal(let answer, _):
            answer.status.code < 400 ? .ok : answer.status.code < 500 ? .refused : .failed
        }
    }
}

/// Ends a connection after its answer.
struct ConnectionEnds: Error {}

/// A no, ready to be told.
struct Refusal: Error {
    let error: VaultError
    let detail: String?
    var fields = HTTPFields()
    /// Where it is known better than from the code.
    var retryAfterMilliseconds: Int?
}
