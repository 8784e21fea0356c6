// The verbs of canaries, on the admin socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    package func plantCanary(
        _ image: ImageID, in namespace: NamespaceName, note: AdminNote
    ) async throws(ClientError) -> CanaryAnswer {
        try await answer(
            CanaryAnswer.self,
            to: send(
                CanaryRequest(note: note), to: APIPath.canary(image, in: namespace), method: .PUT))
    }

    package func liftCanary(
        _ image: ImageID, in namespace: NamespaceName
    ) async throws(ClientError) -> CanaryAnswer {
        try await answer(
            CanaryAnswer.self, to: exchange(.DELETE, APIPath.canary(image, in: namespace)))
    }

    package func canaries() async throws(ClientError) -> CanaryListAnswer {
        try await answer(CanaryListAnswer.self, to: exchange(.GET, APIPath.canaries))
    }
}
