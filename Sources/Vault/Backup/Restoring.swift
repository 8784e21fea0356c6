// What a restore does to the store that it brought back, before anybody is served from it: the log says that it was
// restored, the register has the backup as kept, no bearer is good for anything any more, and what was erased since
// is erased again. And what a blob held that did not come back.

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

/// A blob that a backup's list has and its directory has not.
package struct MissingBlob: Hashable, Sendable {
    package let blob: BlobID
    /// The images that are stored in it; none where the catalog does not tell.
    package let images: [ImagePlace]

    package init(blob: BlobID, images: [ImagePlace]) {
        self.blob = blob
        self.images = images
    }
}

extension Vault {
    /// The images that are stored in blobs, as a catalog's rows have them.
    ///
    /// - Returns: one for each of `blobs`, in their order.
    package static func images(
        in blobs: [BlobID], _ catalog: any Catalog
    ) throws(StorageError) -> [MissingBlob] {
        guard !blobs.isEmpty else { return [] }
        var places = Dictionary(uniqueKeysWithValues: Set(blobs).map { ($0, [ImagePlace]()) })
        var last: Int64? = 0
        while let after = last {
            let rows = try catalog.read { (reader) throws(StorageError) in
                try reader.storedImages(
                    after: after, through: .max, limit: Limits.backupListRows)
            }
            for row in rows {
                places[row.blob]?.append(ImagePlace(row.namespace, row.image))
            }
            last = rows.last?.row
        }
        return blobs.map { MissingBlob(blob: $0, images: places[$0] ?? []) }
    }

    /// Incidents whose case did not come back, or not to where the log says that it goes.
    package func missingCases() throws(VaultError) -> [IncidentID] {
        var missing: [IncidentID] = []
        var before: Int64? = .max
        while let end = before {
            let rows = try reading { (reader) throws(StorageError) in
                try reader.incidents(before: end, limit: Limits.pageRows)
            }
            missing += rows.filter { row in
                (try? cases.load(row.incident, length: row.file.bytes)) == nil
            }.map(\.incident)
            before = rows.last?.row
        }
        return missing
    }

    /// The first event behind the backup's log.
    ///
    /// - Parameter digest: of the manifest's note.
    package func recordRestored(
        from manifest: BackupManifest, digest: Digest256
    ) async throws(VaultError) {
        var event = Event(.vaultRestored, atMicroseconds: clock.nowMicroseconds())
        event.backup = manifest.backup
        event.statement = digest
        _ = try await committer.commit(.dropTickets, event)
        try await completeRestored(manifest, digest)
    }

    /// The catalog was copied while its backup was being made. It is where it belongs: the register says so, as it did
    /// in the vault that made it.
    private func completeRestored(
        _ manifest: BackupManifest, _ digest: Digest256
    ) async throws(VaultError) {
        let keyring = try keyring()
        let found = try reading { (reader) throws(StorageError) in
            try reader.backup(manifest.backup)
        }
        // A row that does not verify is no reason to bring nothing back: a check tells of it.
        guard let found, found.state == .making, (try? found.verify(with: keyring)) != nil else {
            return
        }
        // Without the keys of all that it needs it goes on needing every epoch that there was.
        if manifest.epochs.allSatisfy(keyring.opens) {
            var described = Event(.backupDescribed, atMicroseconds: clock.nowMicroseconds())
            described.backup = manifest.backup
            described.statement = digest
            _ = try await committer.commit(
                .describeBackup(manifest.backup, epochs: manifest.epochs), described)
        }
        _ = try await committer.commit(
            .completeBackup(manifest.backup),
            Event(.backupCompleted, atMicroseconds: clock.nowMicroseconds()))
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
