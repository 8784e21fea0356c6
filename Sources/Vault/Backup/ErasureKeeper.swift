// Keeps the list of erasures beside the anchor. It is made of what is durable, and so is behind the log, never ahead.
// BackupFormat §6.

import Synchronization
import VaultCrypto
package import VaultFormat

package final class ErasureKeeper: Sendable {
    private struct State {
        /// Nil until the list was read, and after a write that failed: what of it is in the list nobody knows.
        var through: UInt64?
        /// Whether it was said where the log goes on.
        var hasBegun = false
        var saidAt: Int64 = 0
        var hasFailed = false
    }

    private let vault: Vault
    private let id: VaultID
    private let place: any ErasureListPlace
    /// How many events the log had when this began, and whether it is another than before.
    private let start: (size: UInt64, isFork: Bool)
    private let failed: @Sendable () -> Void
    private let state = Mutex(State())

    /// To be made before the first event of a start: how long the log is then tells whether it is the one that was
    /// listed.
    ///
    /// - Parameters:
    ///   - isFork: whether somebody said that another log is meant than the anchor's.
    ///   - failed: told when an attempt fails that did not fail before.
    package init(
        _ vault: Vault, of id: VaultID, _ place: any ErasureListPlace, isFork: Bool = false,
        failed: @escaping @Sendable () -> Void
    ) {
        self.vault = vault
        start = (vault.committer.frontier.size, isFork)
        self.id = id
        self.place = place
        self.failed = failed
    }

    /// Looks once a while until its task is cancelled. Blocks its thread while the list is written.
    package func run() async {
        while !Task.isCancelled {
            keep()
            try? await Task.sleep(for: .milliseconds(Limits.anchorMilliseconds))
        }
    }

    /// Reads the list, and says in it where the log goes on from an earlier place.
    ///
    /// - Throws: where that cannot be done; ``keep()`` does it then.
    package func begin() throws {
        try state.withLock { state in _ = try state.through ?? begin(&state) }
    }

    /// Adds what is gone since; nothing while the vault is sealed.
    package func keep() {
        do {
            while try step() {}
            state.withLock { $0.hasFailed = false }
        } catch {
            let isNew = state.withLock { state in
                defer { state.hasFailed = true }
                return !state.hasFailed
            }
            if isNew { failed() }
        }
    }

    /// - Returns: whether there may be more.
    private func step() throws -> Bool {
        guard let keyring = vault.keyringIfUnsealed else { return false }
        let size = vault.committer.frontier.size
        let from = try state.withLock { try $0.through ?? begin(&$0) }
        guard from < size else { return false }
        var filter = EventFilter()
        filter.actions = [.imageDelete, .imageErased]
        filter.outcome = .done
        let asked = filter
        let rows = try vault.catalog.read { (reader) throws(StorageError) in
            try reader.events(asked, from: from, below: size, limit: Limits.erasureLines)
        }
        let isWhole = rows.count < Limits.erasureLines
        let through = isWhole ? size : (rows.last?.index ?? from) + 1
        let lines = rows.compactMap { ErasureLine($0, keyring) }
        guard !keyring.isErased else { return false }
        let now = vault.clock.monotonicMicroseconds()
        let isDue = state.withLock {
            now - $0.saidAt >= Limits.erasureListSeconds * 1_000_000
        }
        // What goes on in between is said once a minute: the list is only added to.
        if !lines.isEmpty || isDue {
            do {
                try place.append(
                    lines.map(\.text).joined() + ErasureList.throughText(through))
            } catch {
                state.withLock { $0.through = nil }
                throw error
            }
            state.withLock { $0.saidAt = now }
        }
        state.withLock { $0.through = through }
        return !isWhole
    }

    /// The list as it is, without what a crash or a failed write cut: that is listed again.
    private func begin(_ state: inout State) throws -> UInt64 {
        let text = try place.load()
        var list = try text.map { try ErasureList(parsing: $0) } ?? ErasureList(vault: id)
        guard list.vault == id else { throw StorageError.damaged }
        if !state.hasBegun, start.isFork || start.size < list.reach {
            // An older store, or one that forked. Nobody knows how far the two logs agree: all of this one is listed.
            list.branch(at: 0)
        } else {
            list.dropUnstated()
        }
        try place.replace(with: list.text)
        state.hasBegun = true
        state.through = list.through
        return list.through
    }
}

extension ErasureLine {
    /// Nil for an event that takes no claim, or whose words are gone.
    init?(_ row: EventRow, _ keyring: Keyring) {
        guard let body = row.body(keyring), let fields = try? EventFields(parsing: body),
            let image = fields.text("image").flatMap({ try? ImageID(hex: $0) }),
            let namespace = fields.text("namespace").flatMap({ try? NamespaceName($0) })
        else { return nil }
        let reference = fields.text("reference").flatMap { try? ReferenceID(hex: $0) }
        // Only an image that was taken whole names no claim.
        guard reference != nil || row.action == .imageErased else { return nil }
        self.init(index: row.index, namespace: namespace, image: image, reference: reference)
    }
}
