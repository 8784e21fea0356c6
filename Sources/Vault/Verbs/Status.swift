// What an admin sees, and what a start does before it serves.

package import VaultCrypto
package import VaultFormat

/// The state of the vault at one moment.
package struct VaultStatus: Sendable {
    package let isSealed: Bool
    package let totals: CatalogTotals
    package let census: [UInt32: Int]
    /// None while sealed.
    package let slots: [SlotState]
    /// Of the log's key. None while sealed.
    package let logKeySlots: [SlotState]
    package let logSize: UInt64
    package let logState: LogState
    package let logRoot: Digest256
    package let workers: Int
    package let workerRestarts: Int
    package let anchors: [AnchorStatus]
    /// When everything that was stored by then was opened last, the newest backup was begun, and the last drill went well.
    package let lastScrub: Int64?
    /// For how long something that is stored has been unverified at most; nil where nothing is stored.
    package let unverifiedSeconds: UInt64?
    package let newestBackup: Int64?
    package let lastDrill: Int64?
}

extension Vault {
    package func status(_ call: Call) async throws(VaultError) -> VaultStatus {
        try await audited(.statusRead, call) { () async throws(VaultError) in
            try await recordIfWritable(event(.statusRead, call))
            let rows = try statusRows()
            let frontier = committer.frontier
            return VaultStatus(
                isSealed: isSealed, totals: rows.totals, census: rows.census,
                slots: try statusSlots(.keyring),
                logKeySlots: try statusSlots(.logKey), logSize: frontier.size,
                logState: committer.logState,
                logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty,
                workers: inspectors.workers, workerRestarts: inspectors.restarts,
                anchors: anchorStates, lastScrub: rows.lastScrub,
                unverifiedSeconds: rows.unverifiedSeconds(at: clock.nowMicroseconds()),
                newestBackup: rows.newestBackup, lastDrill: rows.lastDrill)
        }
    }

    /// The counts as they are; while the log cannot be written, and the catalog perhaps not read, as they were
    /// when they were known last.
    private func statusRows() throws(VaultError) -> RowCounts.Counts {
        do throws(VaultError) {
            let rows = try countedRows()
            rowCounts.remember(rows)
            return rows
        } catch {
            guard committer.logState != .writable, let known = rowCounts.known else { throw error }
            return known
        }
    }

    private func statusSlots(_ kind: KeyFile.Kind) throws(VaultError) -> [SlotState] {
        guard !isSealed else { return [] }
        do throws(VaultError) {
            return try slotList(kind).slots
        } catch {
            guard committer.logState != .writable else { throw error }
            return []
        }
    }

    package var logSigner: LogSigner? { signers.current }

    /// Why uploads and readings cannot be served now; nil when they can.
    package var unreadiness: ErrorCode? {
        if isSealed { return .sealed }
        if let code = committer.logState.code { return code }
        return inspectors.canInspect ? nil : .inspectionFailed
    }

    /// Whether the log's size is one more than its last event's index: a size that was changed is
    /// told before an event is written in the wrong place.
    package static func logIsWhole(_ catalog: any Catalog) throws(StorageError) -> Bool {
        try catalog.read { (reader) throws(StorageError) in
            let size = try reader.frontier().size
            let last = size == 0 ? [] : try reader.events(from: size - 1, limit: 2)
            return try size == 0
                ? reader.events(from: 0, limit: 1).isEmpty
                : last.count == 1 && last[0].index == size - 1
        }
    }

    /// Whether these keys are the ones that this catalog was written under: they open its first
    /// event. A keyring that was put in the place of another is told before anything is sealed to it.
    package static func fits(
        _ keyring: Keyring, _ catalog: any Catalog
    ) throws(StorageError) -> Bool {
        let rows = try catalog.read { (reader) throws(StorageError) in
            try reader.events(from: 0, limit: 1)
        }
        guard let first = rows.first, case .sealed(let bytes) = first.content,
            let opened = try? keyring.openEvent(bytes, index: first.index)
        else { return false }
        return LogHash.digest(opened) == first.digest
    }
}
