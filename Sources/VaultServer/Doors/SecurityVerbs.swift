// images.sock: what a web tier saw at its own door, and its own limits; at every door, who asks too much.

import HTTPTypes
import HummingbirdCore
import Logging
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about a backend's own people; nil for any other.
    func answerSecurity(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .reportSecurity: return try await reportSecurity(exchange)
        case .checkLimit: return try await checkLimit(exchange)
        case .readBlock: return try await readBlock(exchange)
        default: return nil
        }
    }

    private func reportSecurity(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(SecurityEventRequest.self, exchange)
        let principal = exchange.principalName
        let attempt = request.attempt(orElse: exchange.call.asserted)
        let (decision, locked) = try await verb { () async throws(VaultError) in
            try await vault.judge(attempt, of: principal, exchange.call)
        }
        for subject in locked {
            logger.warning(
                "too many failures: locked out",
                metadata: [
                    "principal": "\(principal)", "locked": "\(subject.rawValue)",
                    "request_id": "\(exchange.id)",
                ])
        }
        return .json(DecisionAnswer(decision))
    }

    private func checkLimit(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(LimitCheckRequest.self, exchange)
        let rate = request.pace.map { Rate(requestsPerMinute: $0.perMinute, burst: $0.burst) }
        return .json(
            LimitAnswer(
                waitMicroseconds: vault.check(
                    request.key, cost: request.cost, rate, of: exchange.principalName)))
    }

    private func readBlock(_ exchange: Exchange) async throws -> Answer {
        let query = try await parsing(exchange) { () throws(RequestError) in
            try BlockQuery(query: exchange.query)
        }
        return .json(
            DecisionAnswer(
                vault.decision(
                    actor: query.actor, client: query.client, of: exchange.principalName)))
    }

    // MARK: Limits

    /// Lets a request in, or says when it may come again. Its refusal is counted; that there are any is in the log
    /// before it is told.
    func requireRoom(_ limit: LimitClass, bytes: Int = 0, _ exchange: Exchange) async throws {
        let wait = try await verb { () async throws(VaultError) in
            try await vault.wait(
                for: exchange.principal?.name, limit, bytes: bytes, exchange.call)
        }
        guard let wait else { return }
        var refusal = Refusal(error: VaultError(.rateLimited), detail: nil)
        refusal.retryAfterMilliseconds = Int(clamping: (wait + 999) / 1000)
        throw refusal
    }

    /// Whom the socket knows as nobody loses his connection too, when he asks too much.
    func requireRoomForStranger(_ exchange: inout Exchange) async throws {
        do {
            try await requireRoom(.open, exchange)
        } catch {
            exchange.hasUnreadBody = true
            throw error
        }
    }

    /// Counts an upload whose head did not say how long it is.
    func charge(_ upload: Upload, _ exchange: Exchange) {
        guard exchange.declaredBytes == nil else { return }
        vault.charge(
            bytes: upload.buffer.count, to: exchange.principal?.name, .write, exchange.call)
    }
}

extension Exchange {
    /// Of whoever was admitted.
    var principalName: PrincipalName { principal?.name ?? PrincipalName(of: door) }

    /// What the head says that follows it.
    var declaredBytes: Int? { request.headers[.contentLength].flatMap { Int($0) } }
}

extension Verb {
    /// Not what a watchdog asks, nor what waits for an operation: that may be for long, and does nothing meanwhile.
    var takesTurn: Bool {
        if case .readOperation = self { return false }
        return limitClass != nil
    }

    /// Nil for what a watchdog asks: it costs nothing, and has to be answered.
    var limitClass: LimitClass? {
        switch self {
        case .health, .ready, .metrics: nil
        default: name?.limitClass ?? .open
        }
    }
}
