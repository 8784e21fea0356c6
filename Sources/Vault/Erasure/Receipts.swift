// How far an erasure is, told from what became of the store, the keys and their copies since. Nothing has to
// happen to a receipt for it to rise. Erasure §3.

import VaultCrypto
package import VaultFormat

/// A receipt as it stands at one moment.
package struct IssuedReceipt: Sendable {
    package let receipt: ErasureReceipt
    /// Signed, as it is handed out.
    package let note: String
}

/// A page of receipts, newest first, and where the next begins.
package struct ReceiptPage: Sendable {
    package let receipts: [ErasureReceipt]
    package let next: Int64?
}

extension Vault {
    /// - Throws: ``VaultError`` `unknown-receipt`, also for another namespace's at the door of images, or
    ///   `sealed` while the log's key is closed.
    package func receipt(_ id: ReceiptID, _ call: Call) async throws(VaultError) -> IssuedReceipt {
        try await audited(.receiptRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            guard let signer = signers.current else { throw VaultError(.sealed) }
            let (found, barriers) = try reading { (reader) throws(StorageError) in
                (try reader.receipt(id), try ErasureBarriers(reader, now: clock.nowMicroseconds()))
            }
            try barriers.verify(with: keyring)
            guard let found, call.caller.door != .images || found.namespace == call.namespace else {
                throw VaultError(.unknownReceipt)
            }
            let receipt = try self.receipt(found, barriers, keyring)
            let note: String
            do throws(CryptoError) {
                note = try signer.note(receipt)
            } catch {
                throw VaultError(error.code(orElse: .internalError))
            }
            var event = event(.receiptRead, call)
            event.receipt = id
            event.level = receipt.level
            event.statement = LogHash.digest(Array(note.utf8))
            _ = try await committer.commit(.none, event)
            return IssuedReceipt(receipt: receipt, note: note)
        }
    }

    /// - Parameter before: the row that the page before ended with; nil for the first.
    package func receipts(
        before: Int64?, limit: Int, _ call: Call
    ) async throws(VaultError) -> ReceiptPage {
        try await audited(.receiptRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let (rows, barriers) = try reading { (reader) throws(StorageError) in
                (
                    try reader.receipts(
                        in: call.caller.door == .images ? call.namespace : nil,
                        before: before ?? .max, limit: limit + 1),
                    try ErasureBarriers(reader, now: clock.nowMicroseconds())
                )
            }
            try barriers.verify(with: keyring)
            var receipts: [ErasureReceipt] = []
            var waits = 0
            for row in rows.prefix(limit) where waits < Limits.receiptPageWaits {
                receipts.append(try receipt(row, barriers, keyring))
                waits += receipts.last?.waits.count ?? 0
            }
            _ = try await committer.commit(.none, event(.receiptRead, call))
            return ReceiptPage(
                receipts: receipts,
                next: rows.count > receipts.count ? rows[receipts.count - 1].row : nil)
        }
    }

    private func receipt(
        _ row: ReceiptRow, _ barriers: ErasureBarriers, _ keyring: Keyring
    ) throws(VaultError) -> ErasureReceipt {
        try row.verify(with: keyring)
        let frontier = committer.frontier
        return ErasureReceipt(
            vault: keyring.vault, receipt: row.receipt, kind: row.kind, namespace: row.namespace,
            image: row.image, operation: row.operation,
            asked: Timestamp.text(microseconds: row.askedMicroseconds),
            claims: UInt64(clamping: row.claims), images: UInt64(clamping: row.images),
            bytes: UInt64(clamping: row.storedBytes), left: row.left.map { UInt64(clamping: $0) },
            event: row.event, epoch: row.epoch,
            at: Timestamp.text(microseconds: barriers.nowMicroseconds),
            waits: barriers.waits(of: row, keyring),
            attestations: barriers.attestations(of: row), logSize: frontier.size,
            logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty)
    }
}

/// What stands between an erasure and each level, at one moment.
private struct ErasureBarriers {
    let nowMicroseconds: Int64
    private let purge: PurgeRow?
    private let backups: [BackupRow]
    private let escrows: [EscrowRow]

    init(_ reader: any CatalogReader, now: Int64) throws(StorageError) {
        nowMicroseconds = now
        purge = try reader.lastPurge()
        backups = try reader.backups(after: 0, limit: Limits.backups)
        escrows = try reader.escrows(after: 0, limit: Limits.escrows)
    }

    /// Every row of the registers, before any is asked what it stands for: of one that was changed that is not
    /// known.
    ///
    /// - Throws: ``VaultError`` `row-damaged`.
    func verify(with keyring: Keyring) throws(VaultError) {
        for backup in backups { try backup.verify(with: keyring) }
        for escrow in escrows { try escrow.verify(with: keyring) }
    }

    /// - Parameter keyring: that the registers were verified with.
    func waits(of row: ReceiptRow, _ keyring: Keyring) -> [ErasureWait] {
        var waits: [ErasureWait] = []
        if row.left == nil { waits.append(.operation) }
        guard let event = row.event, let newest = row.epoch else { return waits }
        let isPurged = purge.map { $0.through > event && (try? $0.verify(with: keyring)) != nil }
        if isPurged != true { waits.append(.purge) }
        let keys = keyring.epochs.filter { !$0.isDestroyed && $0.number <= newest.value }
            .compactMap { try? EpochNumber($0.number) }
        waits += keys.map { .epoch($0) }
        for backup in backups where keys.contains(where: { backup.needs($0, at: nowMicroseconds) })
        {
            waits.append(
                .backup(
                    backup.backup,
                    expires: backup.expiresMicroseconds.map { Timestamp.text(microseconds: $0) }))
        }
        for escrow in escrows where escrow.opens(upTo: newest) && escrow.destroyed == nil {
            waits.append(.escrow(escrow.escrow))
        }
        return waits
    }

    func attestations(of row: ReceiptRow) -> [ErasureReceipt.Attestation] {
        guard let newest = row.epoch else { return [] }
        return escrows.compactMap { escrow in
            guard let destroyed = escrow.destroyed, escrow.opens(upTo: newest) else { return nil }
            return ErasureReceipt.Attestation(
                escrow: escrow.escrow, uid: destroyed.uid,
                at: Timestamp.text(microseconds: destroyed.atMicroseconds))
        }
    }
}
