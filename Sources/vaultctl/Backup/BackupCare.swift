// What goes from a directory of backups, and the register that is told of it. In this order: while the register says
// that a backup is needed, it may be there or not; once it says that it is not, it is gone.

import VaultAPI
import VaultClient
import VaultFormat

struct BackupCare {
    let client: VaultClient
    let directory: BackupDirectory

    /// Takes snapshots away, and then the blobs that no other needs.
    ///
    /// - Throws: ``BackupFailure`` where one of them lies under another's name: nothing is gone then.
    @discardableResult
    func forget(_ ids: [BackupID]) async throws -> (count: Int, bytes: UInt64) {
        try SnapshotListing(directory.places).requireOwnNames(ids)
        for id in ids { try directory.remove(id) }
        let kept = try SnapshotListing(directory.places)
        kept.warn()
        let gone = try directory.removeBlobs(butOf: kept)
        for id in ids { try await expire(id) }
        return gone
    }

    /// Ends what a crash left half done.
    func finishLeftovers() async throws {
        let left = try directory.leftovers()
        if !left.isEmpty { try await forget(left) }
    }

    private func expire(_ id: BackupID) async throws {
        do throws(ClientError) {
            _ = try await client.expire(id)
        } catch .refused(let problem) where problem.errorCode == .unknownBackup {
            // The register was full, and lost it before.
        }
        try directory.forgotten(id)
    }
}
