// admin.sock: whose images there are.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb about namespaces; nil for any other.
    func answerNamespaces(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .createNamespace:
            let request = try await body(NamespaceRequest.self, exchange)
            let made = try await self.verb { () async throws(VaultError) in
                try await vault.createNamespace(request.name, exchange.call)
            }
            return .json(answer(made), status: .created)
        case .listNamespaces:
            try await requireNoQuery(exchange)
            let all = try await self.verb { () async throws(VaultError) in
                try await vault.namespaces(exchange.call)
            }
            return .json(NamespaceListAnswer(namespaces: all.map(answer)))
        default: return nil
        }
    }

    private func answer(_ state: NamespaceState) -> NamespaceAnswer {
        NamespaceAnswer(
            name: state.name, createdMicroseconds: state.createdMicroseconds, usage: state.usage,
            quota: policy.current.quotas[state.name] ?? .none)
    }
}
