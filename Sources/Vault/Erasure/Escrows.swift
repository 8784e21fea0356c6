// The register of copies of the keyring: what could still open an erased image, together with the secret of a
// slot. It is what somebody said: a copy that nobody registered is not in it.

import VaultCrypto
package import VaultFormat

/// A page of escrows and where the next begins.
package struct EscrowPage: Sendable {
    package let escrows: [EscrowRow]
    package let next: Int64?
}

extension Vault {
    /// - Parameters:
    ///   - epochs: what it opens; nil for every one that is not destroyed.
    ///   - answer: what its sender is told, kept where the request may come again.
    /// - Throws: ``VaultError`` `unknown-epoch`, or `overloaded`.
    package func registerEscrow(
        epochs: [EpochNumber]?, note: AdminNote, _ call: Call, at place: RequestPlace?,
        _ answer: @escaping @Sendable (EscrowRow) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.escrowRegistered, call) { () async throws(VaultError) in
            let row = EscrowRow(
                escrow: try random(), createdMicroseconds: clock.nowMicroseconds(),
                creator: call.caller.uid, epochs: [], note: note)
            let committed = try await committer.commit(
                .registerEscrow(row, epochs: epochs), event(.escrowRegistered, call),
                keeping: place.map { place in
                    KeptAnswer(place: place) { result in
                        guard case .escrow(let row) = result else { return nil }
                        return answer(row)
                    }
                })
            guard case .escrow(let registered) = committed.result else {
                throw VaultError(.internalError)
            }
            return answer(registered)
        }
    }

    package func escrows(
        after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> EscrowPage {
        try await audited(.escrowsRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.escrows(after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            _ = try await committer.commit(.none, event(.escrowsRead, call))
            return EscrowPage(
                escrows: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    /// Keeps somebody's word that a copy is destroyed; the first one given stands.
    ///
    /// - Throws: ``VaultError`` `unknown-escrow`.
    package func attestEscrow(_ id: EscrowID, _ call: Call) async throws(VaultError) -> EscrowRow {
        try await audited(.escrowAttested, call) { () async throws(VaultError) in
            let attestation = EscrowRow.Attestation(
                uid: call.caller.uid, atMicroseconds: clock.nowMicroseconds())
            let committed = try await committer.commit(
                .attestEscrow(id, attestation), event(.escrowAttested, call))
            guard case .escrow(let row) = committed.result else { throw VaultError(.internalError) }
            return row
        }
    }
}
