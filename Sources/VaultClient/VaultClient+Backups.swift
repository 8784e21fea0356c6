// The verbs of the register of backups and of an epoch's destruction, on the admin socket.

import AsyncHTTPClient
package import NIOCore
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

    /// Begins a backup, and fetches its snapshot: the records of BackupFormat §4 as they come.
    ///
    /// - Throws: ``ClientError``, and what `piece` throws.
    package func snapshot(
        _ request: SnapshotRequest, piece: (ByteBuffer) throws -> Void
    ) async throws {
        try await stream(
            send(request, to: APIPath.snapshots, seconds: Limits.clientUploadSeconds), piece)
    }

    /// Fetches blobs for a backup, likewise.
    package func blobs(
        _ blobs: [BlobID], for id: BackupID, piece: (ByteBuffer) throws -> Void
    ) async throws {
        try await stream(
            send(
                BlobRequest(blobs: blobs), to: APIPath.blobs(of: id),
                seconds: Limits.clientUploadSeconds), piece)
    }

    private func stream(
        _ answer: HTTPClientResponse, _ piece: (ByteBuffer) throws -> Void
    ) async throws {
        var pieces = answer.body.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            do {
                next = try await pieces.next()
            } catch {
                throw ClientError(error, socket: socket)
            }
            guard let next else { return }
            try piece(next)
        }
    }

    /// Says that all of a backup is durable where it belongs.
    package func complete(_ id: BackupID) async throws(ClientError) -> BackupAnswer {
        try await answer(BackupAnswer.self, to: exchange(.POST, APIPath.completion(of: id)))
    }

    /// What a drill came to.
    package func report(_ drill: DrillRequest) async throws(ClientError) -> DrillAnswer {
        try await answer(DrillAnswer.self, to: send(drill, to: APIPath.drills))
    }

    /// A copy of the sealed keyring and of the log's sealed key, which is registered first.
    package func exportEscrow(
        note: AdminNote
    ) async throws(ClientError) -> EscrowCopyAnswer {
        try await answer(
            EscrowCopyAnswer.self,
            to: send(EscrowCopyRequest(note: note), to: APIPath.escrowCopies))
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
