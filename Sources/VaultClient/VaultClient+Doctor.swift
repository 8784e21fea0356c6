// A look at the vault and its machine, on the admin socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI

extension VaultClient {
    package func doctor() async throws(ClientError) -> DoctorAnswer {
        try await answer(DoctorAnswer.self, to: exchange(.POST, APIPath.doctor))
    }

    /// Gives one's word on what no program can see.
    package func attest(
        _ request: AttestationRequest
    ) async throws(ClientError) -> AttestationAnswer {
        try await answer(AttestationAnswer.self, to: send(request, to: APIPath.attestations))
    }
}
