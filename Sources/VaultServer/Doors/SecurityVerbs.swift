// images.sock: what a web tier saw at its own door, and its own limits.

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
}
