// At images.sock: who shows a token or a ticket, and who has to.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Makes whoever shows a token or a ticket the principal that it speaks for, and refuses a proxy that shows none.
    ///
    /// - Parameter principal: whom the kernel's word makes of the caller.
    func identify(
        _ principal: Principal, asking verb: Verb, _ exchange: inout Exchange
    ) async throws -> Principal {
        let shown = try await parsing(exchange) { () throws(RequestError) in
            try ShownBearer.shown(
                authorization: exchange.values(HeaderName.authorization),
                ticketFields: exchange.values(HeaderName.ticket),
                query: verb.ticketImage == nil ? nil : exchange.query)
        }
        guard let shown else {
            guard principal.isProxy else { return principal }
            throw try await refusedBearer(.tokenRequired, principal, exchange)
        }
        guard door == .images else {
            throw try await refused(
                VaultError(.badRequest), detail: "This socket takes no token and no ticket.",
                exchange)
        }
        let code: ErrorCode = shown.kind == .token ? .tokenRefused : .ticketRefused
        guard let text = shown.text, let bearer = try await bearer(text, exchange),
            bearer.opens(verb),
            let behind = policy.current.bearer(bearer.principal, isToken: shown.kind == .token)
        else { throw try await refusedBearer(code, principal, exchange) }
        vault.acceptBearer(from: principal.name, exchange.call)
        exchange.bearer = bearer
        return behind.limited(to: bearer.scopes)
    }

    private func bearer(_ text: BearerText, _ exchange: Exchange) async throws -> Bearer? {
        do throws(VaultError) {
            return try vault.bearer(text)
        } catch {
            throw try await refused(error, exchange)
        }
    }

    /// A bad secret is told of, or told to wait: whoever tries many waits longer each time.
    private func refusedBearer(
        _ code: ErrorCode, _ principal: Principal, _ exchange: Exchange
    ) async throws -> Refusal {
        var exchange = exchange
        exchange.action = .tokenRefused
        let wait = try await self.verb { () async throws(VaultError) in
            try await vault.refuseBearer(from: principal.name, exchange.call)
        }
        if let wait { return .tooMuch(wait) }
        var refusal = try await refused(VaultError(code), exchange)
        if code.description.status == 401 {
            refusal.fields[.wwwAuthenticate] = "Bearer realm=\"imagevault\""
        }
        return refusal
    }
}

extension Verb {
    /// The image that is asked for, where a ticket may ask for it.
    var ticketImage: String? {
        switch self {
        case .getImage(let id), .probeImage(let id): id
        default: nil
        }
    }
}

extension Bearer {
    /// Whether it is good for this verb at all: what else a token's principal may not is told as any other's.
    fileprivate func opens(_ verb: Verb) -> Bool {
        switch self {
        case .token: true
        case .ticket(let ticket): verb.ticketImage == ticket.image.hex
        }
    }
}
