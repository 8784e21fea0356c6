// What is measured of the vault: read often, by machines, and therefore cheap, also while it is sealed. It
// leaves no event.

import Synchronization
import VaultCrypto
package import VaultFormat

/// The vault's measures at one moment. What cannot be told now is missing.
package struct VaultMeasures: Sendable {
    package let isSealed: Bool
    package let isReady: Bool
    /// Of the keyring in use; nil while sealed.
    package let keyringGeneration: UInt64?
    /// Of both key files; none while sealed, when no proof can be believed.
    package let slots: [SlotList]
    /// Those that are not destroyed; none while sealed.
    package let epochs: [UInt32]
    /// Nil where the catalog cannot be read.
    package let rows: RowCounts.Counts?
    /// For how long something that is stored has been unverified at most; 0 where nothing is stored.
    package let unverifiedSeconds: UInt64?
    package let logSize: UInt64
    package let logState: LogState
    package let workers: Int
    package let workerRestarts: Int
    package let inspections: InspectorLoad
    package let commits: CommitMeasures.Figures
    /// Microseconds that each blob took to be synchronized, with its name.
    package let blobFlushes: Histogram
    package let lag: CommitLag
    package let anchors: [AnchorStatus]
    /// Principals that are contained now.
    package let contained: Int
    package let alerts: [AlertKind: AlertQueue.Counts]

    /// How many keys are wrapped under each epoch, and zero for one that was emptied.
    package var wraps: [UInt32: Int] {
        guard let census = rows?.census else { return [:] }
        return census.merging(epochs.map { ($0, 0) }) { counted, _ in counted }
    }
}

/// How many rows the catalog has. Counting reads all of a table, so that it is done once in a while only.
package final class RowCounts: Sendable {
    package struct Counts: Hashable, Sendable {
        package let totals: CatalogTotals
        package let census: [UInt32: Int]
        /// When the newest backup that is kept was begun, and the last drill that went well was reported; as the rows
        /// say, which nobody verifies here.
        package let newestBackup: Int64?
        package let lastDrill: Int64?
        /// When the newest scrub that came to its end was begun.
        package let lastScrub: Int64?
        /// Nothing that is stored has been unverified since before; nil where nothing is stored.
        package let unverifiedSince: Int64?

        package init(
            totals: CatalogTotals, census: [UInt32: Int], newestBackup: Int64? = nil,
            lastDrill: Int64? = nil, lastScrub: Int64? = nil, unverifiedSince: Int64? = nil
        ) {
            self.lastScrub = lastScrub
            self.unverifiedSince = unverifiedSince
            self.totals = totals
            self.census = census
            self.newestBackup = newestBackup
            self.lastDrill = lastDrill
        }

        /// Nil where nothing is stored. Nobody verified the rows that say so.
        func unverifiedSeconds(at now: Int64) -> UInt64? {
            unverifiedSince.map { since in
                UInt64(clamping: (now - min(max(0, since), now)) / 1_000_000)
            }
        }
    }

    private let state = Mutex<(counts: Counts?, since: Int64?)>((nil, nil))
    private let last = Mutex<Counts?>(nil)

    /// The last that were counted, whenever that was.
    var known: Counts? { last.withLock { $0 } }
    func remember(_ counts: Counts) { last.withLock { $0 = counts } }

    /// The counts, at most ``VaultFormat/Limits/rowCountSeconds`` old; older, or none yet, for those who ask
    /// while another one counts.
    func counts(
        at microseconds: Int64, _ count: () throws(VaultError) -> Counts
    ) -> Counts? {
        let isOld = state.withLock { state in
            if let since = state.since,
                microseconds - since < Limits.rowCountSeconds * 1_000_000
            {
                return false
            }
            state.since = microseconds
            return true
        }
        if isOld {
            let counted = try? count()
            // What cannot be counted now is tried again next time.
            state.withLock { $0 = (counted, counted == nil ? nil : microseconds) }
            if let counted { remember(counted) }
        }
        return state.withLock { $0.counts }
    }
}

extension Vault {
    /// Counts, so that it is known how many rows there were when they cannot be counted any more.
    package func rememberRows() {
        if let counted = try? countedRows() { rowCounts.remember(counted) }
    }

    func countedRows() throws(VaultError) -> RowCounts.Counts {
        try reading { (reader) throws(StorageError) in
            let drill = try reader.attestations().first { $0.item == .restoreDrill }
            let scrub = try reader.lastScrub()
            return RowCounts.Counts(
                totals: try reader.totals(), census: try reader.census(),
                newestBackup: try reader.backups(after: 0, limit: Limits.backups)
                    .filter { $0.state == .kept }.map(\.createdMicroseconds).max(),
                lastDrill: drill.flatMap {
                    $0.expiresMicroseconds > $0.madeMicroseconds ? $0.madeMicroseconds : nil
                }, lastScrub: scrub, unverifiedSince: try reader.unverifiedSince(lastScrub: scrub))
        }
    }

    package func measures() -> VaultMeasures {
        let keyring = keyringIfUnsealed
        let rows = rowCounts.counts(at: clock.monotonicMicroseconds()) {
            () throws(VaultError) in try countedRows()
        }
        return VaultMeasures(
            isSealed: keyring == nil, isReady: unreadiness == nil,
            keyringGeneration: keyring?.generation,
            slots: keyring == nil ? [] : KeyFile.Kind.allCases.compactMap { try? slotList($0) },
            epochs: keyring?.epochs.filter { !$0.isDestroyed }.map(\.number) ?? [],
            rows: rows,
            unverifiedSeconds: rows.map {
                $0.unverifiedSeconds(at: clock.nowMicroseconds()) ?? 0
            },
            logSize: committer.frontier.size, logState: committer.logState,
            workers: inspectors.workers,
            workerRestarts: inspectors.restarts, inspections: inspectors.load,
            commits: committer.measures.figures,
            blobFlushes: blobFlushes.histogram, lag: committer.lag, anchors: anchorStates,
            contained: containments.holding(at: clock.nowMicroseconds()).count,
            alerts: alerts.counts)
    }
}
