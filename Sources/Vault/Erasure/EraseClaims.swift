// Claims of an owner or a job, or those whose retention is over, as one piece of work with one receipt. Each
// claim goes in a transaction of its own with its own event, and what others claim stays.

import VaultCrypto
import VaultFormat

struct EraseClaims: OperationWork {
    enum Selection: Sendable {
        case claims(ErasureParameters)
        case expired(ExpiryParameters)
    }

    let vault: Vault
    let selection: Selection

    func step(of operation: OperationRow) async throws(VaultError) -> [OperationStep] {
        let size = vault.committer.frontier.size
        let (rows, receipt) = try vault.reading { (reader) throws(StorageError) in
            (
                try claims(reader, operation.progress),
                try reader.receipt(of: operation.operation)?.receipt
            )
        }
        guard let receipt else { throw VaultError(.rowDamaged) }
        guard !rows.isEmpty else { return [] }
        vault.erasures.begin(.operation(operation.operation), at: size)
        return rows.map { reference, image in
            OperationStep(
                cursor: reference.row,
                .erased(ErasedClaim(reference: reference, image: image, receipt: receipt)))
        }
    }

    private func claims(
        _ reader: any CatalogReader, _ progress: OperationProgress
    ) throws(StorageError) -> [(reference: ReferenceRow, image: ImageRow)] {
        switch selection {
        case .claims(let wanted):
            return try reader.references(
                in: wanted.namespace, fitting: ClaimIndex(owner: wanted.owner, job: wanted.job),
                after: progress.cursor, limit: Limits.operationStepImages
            ).filter { $0.reference.row <= progress.last }
        case .expired(let wanted):
            return try reader.expiredReferences(
                at: wanted.throughMicroseconds, after: progress.cursor, through: progress.last,
                limit: Limits.operationStepImages)
        }
    }

    /// What no row names any more is unlinked, and the purge may speak for it.
    func settle(_ steps: [OperationStep], of operation: OperationID, erased: [BlobID]) {
        vault.erasures.end(.operation(operation), leaving: vault.unlink(erased))
        vault.purgeAlarm.ring()
    }
}
