// The verbs of images.sock for a backend's own people.

import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Tells of an attempt, and learns what is to become of the next.
    package func report(_ attempt: AuthAttempt) async throws(ClientError) -> DecisionAnswer {
        try await answer(
            DecisionAnswer.self,
            to: send(SecurityEventRequest(attempt), to: APIPath.securityEvents))
    }

    /// Takes what a check costs, if there is room for it.
    package func check(_ check: LimitCheckRequest) async throws(ClientError) -> LimitAnswer {
        try await answer(LimitAnswer.self, to: send(check, to: APIPath.limitChecks))
    }

    /// What is to become of an attempt of theirs now.
    package func decision(_ query: BlockQuery) async throws(ClientError) -> DecisionAnswer {
        try await answer(
            DecisionAnswer.self, to: exchange(.GET, APIPath.blocks + query.query))
    }
}
