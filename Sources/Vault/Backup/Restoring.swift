// What a restore does to the store that it brought back, before anybody is served from it: the log says that it was
// restored, no bearer is good for anything any more, and what was erased since is erased again.

import VaultCrypto
package import VaultFormat

/// What became of the erasures that are newer than a backup.
package struct ReplayedErasures: Hashable, Sendable {
    /// Claims that were there again, and are gone again.
    package var claims = 0
    /// Images that went with them.
    package var images = 0
    /// Lines whose claim was not in the backup.
    package var absent = 0

    package init() {}
}

extension Vault {
    /// The first event behind the backup's log.
    ///
    /// - Parameter manifest: the digest of its note.
    package func recordRestored(
        from backup: BackupID, manifest: Digest256
    ) async throws(VaultError) {
        var event = Event(.vaultRestored, atMicroseconds: clock.nowMicroseconds())
        event.backup = backup
        event.statement = manifest
        _ = try await committer.commit(.dropTickets, event)
    }

    /// Ends every access token: whoever has one asks for another.
    ///
    /// - Returns: how many there were.
    package func revokeAllTokens() async throws(VaultError) -> Int {
        var count = 0
        while true {
            let rows = try reading { (reader) throws(StorageError) in
                try reader.accessTokens(after: 0, limit: Limits.pageRows)
            }
            if rows.isEmpty { return count }
            for row in rows {
                var event = Event(.tokenRevoked, atMicroseconds: clock.nowMicroseconds())
                event.token = row.token
                _ = try await committer.commit(.revokeToken(row.token), event)
                count += 1
            }
        }
    }

    /// Erases again what the list says is gone.
    ///
    /// - Parameter size: of the backup's log.
    package func replay(
        _ list: ErasureList, since size: UInt64, from backup: BackupID
    ) async throws(VaultError) -> ReplayedErasures {
        var replayed = ReplayedErasures()
        for line in list.lines(for: size) {
            let references = try reading { (reader) throws(StorageError) -> [ReferenceID] in
                guard let image = try reader.image(line.image, in: line.namespace) else {
                    return []
                }
                guard let reference = line.reference else {
                    return try reader.references(of: image.row).map(\.reference)
                }
                return try reader.reference(reference, of: image.row).map { [$0.reference] } ?? []
            }
            if references.isEmpty { replayed.absent += 1 }
            for reference in references {
                let result = try await erase(line, reference, from: backup)
                guard case .dropped(_, _, let erased) = result else { continue }
                replayed.claims += 1
                if erased != nil { replayed.images += 1 }
            }
        }
        return replayed
    }

    private func erase(
        _ line: ErasureLine, _ reference: ReferenceID, from backup: BackupID
    ) async throws(VaultError) -> ChangeResult {
        var event = Event(.imageDelete, atMicroseconds: clock.nowMicroseconds())
        event.namespace = line.namespace
        event.image = line.image
        event.backup = backup
        let receipt: ReceiptID = try random()
        event.receipt = receipt
        return try await erasing(
            .replayErasure(line.image, line.namespace, reference, receipt), event)
    }

    package func restoredTotals() throws(VaultError) -> CatalogTotals {
        try reading { (reader) throws(StorageError) in try reader.totals() }
    }

    /// Leaves nothing of what was erased in the store's files.
    package func purgeAll() async throws(VaultError) {
        do throws(StorageError) { _ = try sweep() } catch {
            throw VaultError(error.code(for: .blob))
        }
        let purge = PurgeRunner(self)
        while try await purge.turn() {}
    }
}
