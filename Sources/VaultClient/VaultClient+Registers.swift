// The verbs of the register of keyrings, of holds and of retention, on the admin socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Registers a copy of the keyring; sending it again under the same key registers nothing more.
    package func register(
        _ request: EscrowRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> EscrowAnswer {
        try await answer(EscrowAnswer.self, to: send(request, to: APIPath.escrows, key: key))
    }

    package func escrows(_ page: PageQuery) async throws(ClientError) -> EscrowListAnswer {
        try await answer(EscrowListAnswer.self, to: exchange(.GET, APIPath.escrows + page.query))
    }

    /// Gives one's word that a copy of the keyring is destroyed.
    package func attest(_ id: EscrowID) async throws(ClientError) -> EscrowAnswer {
        try await answer(EscrowAnswer.self, to: exchange(.POST, APIPath.attestation(id)))
    }

    /// Places a hold; sending it again under the same key places none more.
    package func place(
        _ request: HoldRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> HoldAnswer {
        try await answer(HoldAnswer.self, to: send(request, to: APIPath.holds, key: key))
    }

    package func holds(_ page: PageQuery) async throws(ClientError) -> HoldListAnswer {
        try await answer(HoldListAnswer.self, to: exchange(.GET, APIPath.holds + page.query))
    }

    package func release(_ id: HoldID) async throws(ClientError) -> HoldAnswer {
        try await answer(HoldAnswer.self, to: exchange(.DELETE, APIPath.hold(id)))
    }

    /// Until when the claims on an image are kept.
    package func retention(
        of image: ImageID, in namespace: NamespaceName
    ) async throws(ClientError) -> RetentionAnswer {
        try await answer(
            RetentionAnswer.self, to: exchange(.GET, APIPath.retention(of: image, in: namespace)))
    }

    package func set(
        _ request: RetentionRequest, of image: ImageID, in namespace: NamespaceName
    ) async throws(ClientError) -> RetentionAnswer {
        try await answer(
            RetentionAnswer.self,
            to: send(request, to: APIPath.retention(of: image, in: namespace), method: .PUT))
    }
}
