// admin.sock: images that nobody may read, and what waits for approval.

import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of quarantine; nil for any other.
    func answerQuarantine(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .quarantineImage: return try await quarantineImage(exchange)
        case .listQuarantine: return try await listQuarantine(exchange)
        case .requestRelease(let id): return try await requestRelease(id, exchange)
        case .listApprovals: return try await listApprovals(exchange)
        case .approve(let id): return try await approve(id, exchange)
        default: return nil
        }
    }

    private func quarantineImage(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(QuarantineRequest.self, exchange)
        let image = try await verb { () async throws(VaultError) in
            try await vault.quarantine(request.image, in: request.namespace, exchange.call)
        }
        return .json(QuarantinedImage(image))
    }

    private func listQuarantine(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.quarantined(after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            QuarantineAnswer(
                images: page.images.map { QuarantinedImage($0) },
                next: PageCursor(row: page.next)))
    }

    private func requestRelease(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(ReleaseRequest.self, exchange)
        let (id, repeatable) = try await parsing(exchange) { () throws(RequestError) in
            (try APIPath.imageID(id), try exchange.repeatable())
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.request(
                    request.action, id, in: request.namespace, exchange.call, at: place
                ) { StoredAnswer(status: 201, json: ApprovalAnswer($0)) }
            }
        }
        return Answer(told)
    }

    private func listApprovals(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.approvals(after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(
            ApprovalListAnswer(
                approvals: page.approvals.map { ApprovalAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func approve(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(ApproveRequest.self, exchange)
        // What has not the form of a request's id is none.
        guard let id = try? ApprovalID(hex: id) else {
            throw try await refused(VaultError(.unknownApproval), exchange)
        }
        let performed = try await verb { () async throws(VaultError) in
            try await vault.approve(
                id, digest: request.digest,
                mayDo: { exchange.principal?.may($0, at: door) ?? false }, exchange.call)
        }
        return .json(ApprovalAnswer(performed.approval, receipt: performed.receipt))
    }

    /// The body of a verb that takes no parameters.
    func body<Value: RequestObject & Sendable>(
        _ type: Value.Type, _ exchange: Exchange
    ) async throws -> Value {
        try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
            return try RequestJSON.decode(type, from: exchange.content)
        }
    }
}

extension QuarantinedImage {
    init(_ image: ImageRow) {
        self.init(
            image: image.image, namespace: image.namespace, type: image.type,
            bytes: image.storedBytes, createdMicroseconds: image.createdMicroseconds,
            quarantinedMicroseconds: image.quarantinedMicroseconds ?? 0,
            verdict: VerdictAnswer(image.verdict))
    }
}

extension ApprovalAnswer {
    init(_ row: ApprovalRow, receipt: ReceiptID? = nil) {
        var action = row.kind.name
        var (image, namespace, words) = (ImageID?.none, NamespaceName?.none, String?.none)
        switch row.subject {
        case .image(let its, let id): (image, namespace) = (id, its)
        case .request(let request): (action, words) = (request.verb.rawValue, request.words)
        // Listed by themselves.
        case .epoch(let destruction): words = "epoch=\(destruction.epoch)"
        }
        self.init(
            id: row.approval, action: action, image: image, namespace: namespace, words: words,
            digest: row.digest, state: row.state, requester: row.requester,
            approver: row.approver, createdMicroseconds: row.createdMicroseconds,
            expiresMicroseconds: row.expiresMicroseconds, receipt: receipt)
    }
}

extension ApprovalNotice {
    init(_ asked: AskedApproval) {
        self.init(
            id: asked.approval, digest: asked.digest, words: asked.words,
            expiresMicroseconds: asked.expiresMicroseconds)
    }
}
