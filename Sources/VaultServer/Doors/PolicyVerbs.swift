// admin.sock: who may do what, and that another file says so now.

import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about the policy; nil for any other.
    func answerPolicy(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .readPolicy:
            try await self.verb { () async throws(VaultError) in
                try await vault.record(.policyRead, exchange.call)
            }
            return .json(PolicyAnswer(policy.current))
        case .reloadPolicy: return try await reloadPolicy(exchange)
        default: return nil
        }
    }

    private func reloadPolicy(_ exchange: Exchange) async throws -> Answer {
        do {
            let isAnother = try await policy.reload { (digest) in
                try await vault.requireSecondPerson(.reloadPolicy, exchange.call) {
                    "sha256=\(digest.hex)"
                }
                try await vault.recordPolicy(digest, exchange.call)
            }
            if !isAnother { try await vault.record(.policyRead, exchange.call) }
        } catch let refusal as PolicyRefusal {
            throw try await refused(VaultError(.policyRefused), detail: refusal.words, exchange)
        } catch let error as VaultError {
            throw try await refused(error, exchange)
        }
        return .json(PolicyAnswer(policy.current))
    }
}
