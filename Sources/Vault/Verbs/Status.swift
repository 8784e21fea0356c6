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
    package let logRoot: Digest256
    package let workers: Int
    package let workerRestarts: Int
    package let anchors: [AnchorStatus]
}

extension Vault {
    package func status(_ call: Call) async throws(VaultError) -> VaultStatus {
        try await audited(.statusRead, call) { () async throws(VaultError) in
            // An admin must be able to look while the log cannot be written.
            if !committer.isBroken { try await committer.record(event(.statusRead, call)) }
            let (totals, census) = try reading { (reader) throws(StorageError) in
                (try reader.totals(), try reader.census())
            }
            let frontier = committer.frontier
            return VaultStatus(
                isSealed: isSealed, totals: totals, census: census,
                slots: isSealed ? [] : try slotList(.keyring).slots,
                logKeySlots: isSealed ? [] : try slotList(.logKey).slots, logSize: frontier.size,
                logRoot: frontier.root(hash: LogHash.node) ?? LogHash.empty,
                workers: inspectors.workers, workerRestarts: inspectors.restarts,
                anchors: anchorStates)
        }
    }

    package var logSigner: LogSigner? { signers.current }

    /// Why uploads and readings cannot be served now; nil when they can.
    package var unreadiness: ErrorCode? {
        if isSealed { return .sealed }
        if committer.isBroken { return .auditUnavailable }
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
