// The verbs of namespaces and access tokens on the admin socket, and of fetch tickets on the images socket.

import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Makes a token; sending it again under the same key makes none more, and does not tell the secret again.
    package func create(
        _ request: TokenRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> TokenAnswer {
        try await answer(TokenAnswer.self, to: send(request, to: APIPath.tokens, key: key))
    }

    package func create(_ namespace: NamespaceName) async throws(ClientError) -> NamespaceAnswer {
        try await answer(
            NamespaceAnswer.self,
            to: send(NamespaceRequest(name: namespace), to: APIPath.namespaces))
    }

    package func namespaces() async throws(ClientError) -> NamespaceListAnswer {
        try await answer(NamespaceListAnswer.self, to: exchange(.GET, APIPath.namespaces))
    }

    package func tokens(_ page: PageQuery) async throws(ClientError) -> TokenListAnswer {
        try await answer(TokenListAnswer.self, to: exchange(.GET, APIPath.tokens + page.query))
    }

    package func rotate(
        _ id: AccessTokenID, _ request: TokenRotationRequest
    ) async throws(ClientError) -> TokenAnswer {
        try await answer(TokenAnswer.self, to: send(request, to: APIPath.rotation(of: id)))
    }

    package func revoke(_ id: AccessTokenID) async throws(ClientError) -> TokenAnswer {
        try await answer(TokenAnswer.self, to: exchange(.DELETE, APIPath.token(id)))
    }

    /// Makes a ticket for whoever is to read an image.
    package func ticket(
        for image: ImageID, _ request: TicketRequest, claim: Claim
    ) async throws(ClientError) -> TicketAnswer {
        try await answer(
            TicketAnswer.self,
            to: send(request, to: APIPath.tickets(of: image), claim: claim))
    }
}
