// One request while it is being answered: who sent it, what its head says, and its body.

import HTTPTypes
import HummingbirdCore
import NIOCore
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat

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
    /// What is measured of it.
    let progress = RequestProgress()
    /// The one that was in force when it began.
    let policy: AccessPolicy
    /// Who the policy says it is, once it was asked.
    var principal: Principal?
    /// What its namespace may have.
    var quota = Quota.none
    /// What it shows beside that, found to be good.
    var bearer: Bearer?
    /// What a refusal is logged as: the verb, once it is known.
    var action = EventAction.requestRefused
    /// How long the sender waits, and for whom it asks.
    let context: Result<RequestContext, RequestError>
    /// Whether bytes may follow the head that nobody has taken yet.
    var hasUnreadBody: Bool
    /// The body of a verb whose ``Verb/payload`` is small.
    var content: [UInt8] = []
    /// The body of a verb whose ``Verb/payload`` is a secret.
    var secret: TypedSecret?

    init(request: Request, peer: PeerIdentity, door: Door, policy: AccessPolicy) {
        self.policy = policy
        self.request = request
        body = BodyParts(request.body)
        // Behind what could not be parsed nothing is a request any more.
        hasUnreadBody =
            request.head.scheme == MalformedRequests.scheme
            || request.headers[.contentLength].map { $0 != "0" }
                ?? (request.headers[.transferEncoding] != nil)
        self.peer = peer
        self.door = door
        context = Result { () throws(RequestError) in
            try RequestContext { Self.values($0, of: request) }
        }
        id = .fresh()
    }

    var call: Call {
        Call(
            caller: Caller(
                door: door, uid: peer.uid, gid: peer.gid, pid: peer.pid, process: peer.process),
            request: id, namespace: principal?.namespace ?? .standard,
            asserted: (try? context.get())?.asserted ?? .none, bearer: bearer,
            principal: principal?.name, approval: (try? context.get())?.approval)
    }

    /// Whether its body is longer than one read.
    var carriesMuch: Bool {
        hasUnreadBody && declaredBytes ?? .max > Limits.receiveBytesLeast
    }

    var isMalformed: Bool { request.head.scheme == MalformedRequests.scheme }

    var path: Substring {
        let target = request.head.path ?? ""
        return target.prefix { $0 != "?" }
    }

    var query: Substring? {
        let target = request.head.path ?? ""
        return target.firstIndex(of: "?").map { target[target.index(after: $0)...] }
    }

    /// Every value of a header field, one of ``VaultAPI/HeaderName/request``.
    func values(_ name: String) -> [String] { Self.values(name, of: request) }

    private static func values(_ name: String, of request: Request) -> [String] {
        fieldNames[name].map { request.headers[values: $0] } ?? []
    }

    /// Made once: a name is checked letter by letter.
    private static let fieldNames = Dictionary(
        uniqueKeysWithValues: HeaderName.request.compactMap { name in
            HTTPField.Name(name).map { (name, $0) }
        })

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

    /// How long the sender waits; nil where it does not say.
    var timeout: TimeAmount? {
        (try? context.get())?.timeoutMilliseconds.map { .milliseconds(Int64($0)) }
    }

    func contentDigest() throws(RequestError) -> Digest256? {
        try ContentDigest.sha256(fields: values(HeaderName.contentDigest))
    }

    func claim() throws(RequestError) -> Claim {
        try Claim(jobFields: values(HeaderName.job), ownerFields: values(HeaderName.owner))
    }
}

extension RequestID {
    /// The number of one more request. libsodium was started before a door was opened; without it none has one.
    static func fresh() -> RequestID {
        (try? Random.id()) ?? RequestID(checked: [UInt8](repeating: 0, count: 8))
    }
}
