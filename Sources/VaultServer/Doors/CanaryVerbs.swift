// admin.sock: images that nobody has a reason to ask for.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about canaries; nil for any other.
    func answerCanaries(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .listCanaries:
            try await requireNoQuery(exchange)
            let rows = try await self.verb { () async throws(VaultError) in
                try await vault.canaries(exchange.call)
            }
            return .json(CanaryListAnswer(canaries: rows.map { CanaryAnswer($0) }))
        case .plantCanary(let namespace, let image):
            let request = try await body(CanaryRequest.self, exchange)
            let (namespace, image) = try await imagePlace(namespace, image, exchange)
            let row = try await self.verb { () async throws(VaultError) in
                try await vault.plantCanary(
                    ImagePlace(namespace, image), note: request.note, exchange.call)
            }
            return .json(CanaryAnswer(row))
        case .liftCanary(let namespace, let image):
            try await requireNoQuery(exchange)
            let (namespace, image) = try await imagePlace(namespace, image, exchange)
            let row = try await self.verb { () async throws(VaultError) in
                try await vault.liftCanary(ImagePlace(namespace, image), exchange.call)
            }
            return .json(CanaryAnswer(row))
        default: return nil
        }
    }
}

extension CanaryAnswer {
    fileprivate init(_ row: CanaryRow) {
        self.init(
            namespace: row.place.namespace, image: row.place.image,
            createdMicroseconds: row.createdMicroseconds, creator: row.creator, note: row.note)
    }
}
