// What a crash left between blob and row, or row and blob. It is looked for at the start, until that has come to its
// end: before that no purge speaks. Whose blob is older is told by no clock: what this daemon makes is on its list of
// unfinished ones before it is there, and until its row is.

import Foundation
import Synchronization
import VaultFormat

package struct SweepRunner: Sendable {
    private let vault: Vault
    private let rest: @Sendable (_ milliseconds: Int64) async -> Void

    /// - Parameter rest: lets so many milliseconds pass, or fewer once its task is cancelled.
    package init(
        _ vault: Vault,
        rest: @escaping @Sendable (_ milliseconds: Int64) async -> Void = {
            try? await Task.sleep(for: .milliseconds($0))
        }
    ) {
        self.vault = vault
        self.rest = rest
    }

    /// Sweeps until that is done, or its task is cancelled.
    ///
    /// - Parameter failed: told of each time that it was not.
    /// - Returns: how many blobs were removed.
    package func run(failed: @Sendable (StorageError) -> Void) async -> Int {
        while !Task.isCancelled {
            do throws(StorageError) {
                return try vault.sweep()
            } catch {
                failed(error)
                await rest(Limits.sweepRetryMilliseconds)
            }
        }
        return 0
    }

    /// Sweeps the files of cases until that is done, or its task is cancelled: a vault that is sealed has to be opened
    /// first.
    package func runCases() async -> Vault.SweptCases {
        while !Task.isCancelled {
            if let swept = try? await vault.sweepCases() { return swept }
            await rest(Limits.sweepRetryMilliseconds)
        }
        return Vault.SweptCases()
    }
}

extension Vault {
    /// Removes blobs that no row names.
    ///
    /// - Returns: how many were removed.
    package func sweep() throws(StorageError) -> Int {
        var removed = 0
        var left: [BlobID] = []
        try blobs.forEachBlob { (blob) throws(StorageError) in
            // In this order: what is off the list has its row by then, or never.
            guard !unfinished.withLock({ $0.contains(blob) }) else { return }
            // After a failed flush nobody knows which of them are named.
            guard !committer.isBroken else { throw .unavailable(EIO) }
            let held = try catalog.read { (reader) throws(StorageError) in
                try reader.holdsBlob(blob)
            }
            guard !held else { return }
            // One that cannot be removed keeps none of the others: the purge goes on with it.
            do throws(StorageError) {
                try blobs.remove(blob)
                removed += 1
            } catch {
                left.append(blob)
            }
        }
        erasures.end(.start, leaving: left)
        purgeAlarm.ring()
        return removed
    }
}
