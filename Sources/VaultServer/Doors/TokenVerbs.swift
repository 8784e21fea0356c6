// admin.sock: access tokens. images.sock: fetch tickets.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about tokens and tickets; nil for any other.
    func answerTokens(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .createToken: return try await createToken(exchange)
        case .listTokens: return try await listTokens(exchange)
        case .rotateToken(let id): return try await rotateToken(id, exchange)
        case .revokeToken(let id): return try await revokeToken(id, exchange)
        case .createTicket(let id): return try await createTicket(id, exchange)
        default: return nil
        }
    }

    private func createToken(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(TokenRequest.self, exchange)
        guard let principal = exchange.policy.bearer(request.principal, isToken: true) else {
            throw try await refused(
                VaultError(.invalidBody),
                detail: "The policy has no such principal that takes tokens.",
                exchange)
        }
        guard request.scopes.verbs.allSatisfy({ principal.may($0, at: .images) }) else {
            throw try await refused(
                VaultError(.invalidBody),
                detail: "The principal itself may not do all of that at images.sock.", exchange)
        }
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            try exchange.repeatable()
        }
        let order = AccessTokenOrder(
            principal: request.principal, scopes: request.scopes, days: request.days,
            note: request.note)
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.requireSecondPerson(.createTokens, exchange.call) {
                    request.words
                }
                return try await vault.createToken(order, exchange.call, at: place) {
                    StoredAnswer(
                        status: 201, json: TokenAnswer($0, $1, at: SystemTime.nowMicroseconds))
                }
            }
        }
        return Answer(told)
    }

    private func listTokens(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.accessTokens(after: after ?? 0, limit: limit, exchange.call)
        }
        let now = SystemTime.nowMicroseconds
        return .json(
            TokenListAnswer(
                tokens: page.tokens.map { TokenAnswer($0, nil, at: now) },
                next: PageCursor(row: page.next)))
    }

    private func rotateToken(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(TokenRotationRequest.self, exchange)
        let id = try await accessToken(id, exchange)
        let (row, secret) = try await verb { () async throws(VaultError) in
            try await vault.requireSecondPerson(.rotateTokens, exchange.call) {
                "token=\(id.hex) \(request.words)"
            }
            return try await vault.rotateToken(
                id, days: request.days, overlapSeconds: request.overlapSeconds, exchange.call)
        }
        return .json(TokenAnswer(row, secret, at: SystemTime.nowMicroseconds))
    }

    private func revokeToken(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let id = try await accessToken(id, exchange)
        let row = try await verb { () async throws(VaultError) in
            try await vault.revokeToken(id, exchange.call)
        }
        return .json(TokenAnswer(row, nil, at: SystemTime.nowMicroseconds))
    }

    /// What has not the form of an id is none.
    private func accessToken(_ id: String, _ exchange: Exchange) async throws -> AccessTokenID {
        guard let id = try? AccessTokenID(hex: id) else {
            throw try await refused(VaultError(.unknownToken), exchange)
        }
        return id
    }

    private func createTicket(_ id: String, _ exchange: Exchange) async throws -> Answer {
        // What its principal may is asked when the ticket is shown; of a token's scopes nothing is left by then.
        guard exchange.bearer?.scopes.allows(.getImages) ?? true else {
            throw try await refused(VaultError(.notPermitted), exchange)
        }
        let request = try await body(TicketRequest.self, exchange)
        let (image, claim) = try await target(id, exchange)
        let (row, secret) = try await verb { () async throws(VaultError) in
            try await vault.createTicket(
                for: image, claim: claim, reads: request.reads, seconds: request.seconds,
                of: exchange.principalName, exchange.call)
        }
        return .json(
            TicketAnswer(
                id: row.ticket, secret: secret, image: row.image, reads: Int(row.reads),
                expiresMicroseconds: row.expiresMicroseconds), status: .created)
    }
}

extension TokenAnswer {
    init(_ row: AccessTokenRow, _ secret: BearerText?, at microseconds: Int64) {
        let overlap = row.previous?.untilMicroseconds
        self.init(
            id: row.token, secret: secret, principal: row.principal, scopes: row.scopes,
            createdMicroseconds: row.createdMicroseconds, creator: row.creator,
            expiresMicroseconds: row.expiresMicroseconds,
            overlapEndsMicroseconds: overlap.flatMap { $0 > microseconds ? $0 : nil },
            note: row.note)
    }
}
