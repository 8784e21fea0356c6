// The verbs of the register of backups and of an epoch's destruction, on the admin socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Registers a backup; sending it again under the same key registers nothing more.
    package func register(
        _ request: BackupRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> BackupAnswer {
        try await answer(BackupAnswer.self, to: send(request, to: APIPath.backups, key: key))
    }

    package func backups(_ page: PageQuery) async throws(ClientError) -> BackupListAnswer {
        try await answer(BackupListAnswer.self, to: exchange(.GET, APIPath.backups + page.query))
    }

    /// Says that a backup is not needed any more.
    package func expire(_ id: BackupID) async throws(ClientError) -> BackupAnswer {
        try await answer(BackupAnswer.self, to: exchange(.DELETE, APIPath.backup(id)))
    }

    /// Destructions that wait for approval.
    package func destructions(
        _ page: PageQuery
    ) async throws(ClientError) -> DestructionListAnswer {
        try await answer(
            DestructionListAnswer.self, to: exchange(.GET, APIPath.destructions + page.query))
    }

    /// Approves a destruction, and carries it out.
    package func approveDestruction(
        _ id: ApprovalID, digest: Digest256
    ) async throws(ClientError) -> DestructionAnswer {
        try await answer(
            DestructionAnswer.self,
            to: send(ApproveRequest(digest: digest), to: APIPath.destruction(id)))
    }

    /// Destroys an epoch's key, or asks for it where that takes two.
    package func destroy(
        _ epoch: EpochNumber, strand: [BackupID]
    ) async throws(ClientError) -> DestructionAnswer {
        try await answer(
            DestructionAnswer.self,
            to: send(DestructionRequest(strand: strand), to: APIPath.destruction(epoch)))
    }
}
