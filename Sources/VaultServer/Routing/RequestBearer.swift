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
        let shown = ShownBearer.shown(
            authorization: exchange.values(HeaderName.authorization),
            ticketFields: exchange.values(HeaderName.ticket),
            query: verb.ticketImage == nil ? nil : exchange.query)
        // What a watchdog asks is nobody's in particular: nothing is looked up for it.
        guard let shown, verb.limitClass != nil else {
            guard principal.isProxy else { return principal }
            throw try await refusedBearer(.tokenRequired, principal, exchange)
        }
        guard door == .images else {
            try await requireRoom(.open, exchange)
            throw try await refused(
                VaultError(.badRequest), detail: "This socket takes no token and no ticket.",
                exchange)
        }
        let isTicket = shown.kind == .ticket && verb.ticketImage != nil
        guard let text = shown.text, let bearer = try await bearer(text, exchange),
            let behind = exchange.policy.bearer(
                bearer.principal, isToken: shown.kind == .token),
            bearer.opens(verb, of: behind)
        else {
            throw try await refusedBearer(
                isTicket ? .ticketRefused : .tokenRefused, principal, exchange)
        }
        exchange.bearer = bearer
        return behind.limited(to: bearer.scopes)
    }

    private func bearer(_ text: BearerText, _ exchange: Exchange) async throws -> Bearer? {
        do throws(VaultError) {
            return try vault.bearer(text)
        } catch {
            try await requireRoom(.open, exchange)
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
    fileprivate func opens(_ verb: Verb, of principal: Principal) -> Bool {
        switch self {
        case .token: true
        case .ticket(let ticket):
            verb.ticketImage == ticket.image.hex && ticket.namespace == principal.namespace
        }
    }
}
