// After an erasure: nothing of what went is left in the live store. One purge speaks for all that was erased
// before it, and its event says so. Erasure §2.

import VaultCrypto
import VaultFormat

package struct PurgeRunner: Sendable {
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

    /// Purges after each erasure until its task is cancelled.
    package func run() async {
        vault.purgeAlarm.ring()
        for await _ in vault.purgeAlarm.rings {
            await rest(Limits.purgeGatherMilliseconds)
            while !Task.isCancelled, await turnAndRest() {}
        }
    }

    /// - Returns: false when there is nothing left to purge.
    private func turnAndRest() async -> Bool {
        let begun = vault.clock.monotonicMicroseconds()
        do throws(VaultError) {
            guard try await turn() else { return false }
        } catch {
            // A reader, a full disk, a sealed vault: all of it passes.
            let took = vault.clock.monotonicMicroseconds() - begun
            let pause =
                error.code == .overloaded
                ? Limits.purgeRetryMilliseconds : Limits.operationRetryMilliseconds
            await rest(max(pause, took * Limits.purgeRests / 1000))
            return true
        }
        let took = vault.clock.monotonicMicroseconds() - begun
        await rest(took * Limits.purgeRests / 1000)
        return true
    }

    /// One purge, where something was erased since the last.
    ///
    /// - Returns: whether there was.
    /// - Throws: ``VaultError`` `overloaded` while somebody reads an older state, or an erasure is under way;
    ///   `storage-unavailable` while a blob cannot be unlinked or the sweep has not looked.
    package func turn() async throws(VaultError) -> Bool {
        let keyring = try vault.keyring()
        for blob in vault.erasures.leftBlobs {
            vault.erasures.end(.blob(blob), leaving: vault.unlink([blob]))
        }
        // In this order: what begins after the size was taken has a later event.
        let size = vault.committer.frontier.size
        let through = vault.erasures.horizon(size)
        let (isWanted, isReady) = try vault.reading { (reader) throws(StorageError) in
            let before = try reader.lastPurge().flatMap { try? $0.verified(with: keyring) }
            let done = before?.through ?? 0
            return (
                try reader.hasErasure(in: done..<max(done, size)),
                try reader.hasErasure(in: done..<max(done, through))
            )
        }
        guard isWanted else { return false }
        guard isReady else {
            throw VaultError(vault.erasures.isStuck ? .storageUnavailable : .overloaded)
        }
        let isPurged: Bool
        do throws(StorageError) {
            try vault.blobs.flushRemovals()
        } catch {
            throw VaultError(error.code(for: .catalog))
        }
        do throws(StorageError) {
            isPurged = try vault.catalog.purge()
        } catch {
            vault.committer.beginOutage(beside: error, at: vault.clock.nowMicroseconds())
            throw VaultError(error.code(for: .catalog))
        }
        guard isPurged else { throw VaultError(.overloaded) }
        let now = vault.clock.nowMicroseconds()
        _ = try await vault.committer.commit(
            .purged(PurgeRow(through: through, atMicroseconds: now)),
            Event(.erasurePurged, atMicroseconds: now))
        return true
    }
}

extension PurgeRow {
    fileprivate func verified(with keyring: Keyring) throws(VaultError) -> PurgeRow {
        try verify(with: keyring)
        return self
    }
}
