// The verbs of quarantine and approval, on the admin socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Makes an image unreadable to everyone.
    package func quarantine(_ image: ImageID) async throws(ClientError) -> QuarantinedImage {
        try await answer(
            QuarantinedImage.self, to: send(QuarantineRequest(image: image), to: APIPath.quarantine)
        )
    }

    package func quarantined(_ page: PageQuery) async throws(ClientError) -> QuarantineAnswer {
        try await answer(
            QuarantineAnswer.self, to: exchange(.GET, APIPath.quarantine + page.query))
    }

    /// Asks that a quarantined image be released or erased.
    package func request(
        _ action: ApprovalKind, _ image: ImageID, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> ApprovalAnswer {
        try await answer(
            ApprovalAnswer.self,
            to: send(ReleaseRequest(action: action), to: APIPath.requests(image), key: key))
    }

    package func approvals(_ page: PageQuery) async throws(ClientError) -> ApprovalListAnswer {
        try await answer(
            ApprovalListAnswer.self, to: exchange(.GET, APIPath.approvals + page.query))
    }

    package func approve(
        _ id: ApprovalID, digest: Digest256
    ) async throws(ClientError) -> ApprovalAnswer {
        try await answer(
            ApprovalAnswer.self,
            to: send(ApproveRequest(digest: digest), to: APIPath.approval(id)))
    }
}
