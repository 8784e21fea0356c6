// The epochs of a keyring, and the entries of the generations in which they change.

package import VaultFormat

extension Keyring {
    package var epochs: [KeyEntry] { keys.file.entries.filter { $0.purpose == .epoch } }

    /// The epoch that is made and not used yet, where there is one.
    package var pendingEpoch: EpochNumber? {
        epochs.first { $0.state == EpochState.pending.rawValue }
            .flatMap { try? EpochNumber($0.number) }
    }

    /// The number of the next epoch. Numbers are never used again: the entries of destroyed ones stay.
    package var nextEpoch: EpochNumber {
        let last = epochs.last?.number ?? 0
        return (try? EpochNumber(last + 1)) ?? .first
    }

    /// Nil where there never was such an epoch.
    package func state(of epoch: EpochNumber) -> EpochState? {
        epochs.first { $0.number == epoch.value }.flatMap { EpochState(rawValue: $0.state) }
    }

    /// Whether what is wrapped under it can be opened.
    package func opens(epoch: EpochNumber) -> Bool { readableIndex(of: epoch) != nil }

    /// The entries with one epoch more, which nothing is wrapped under yet.
    package func entries(
        adding epoch: EpochNumber, createdMicroseconds at: Int64
    ) -> [KeyEntry] {
        keys.file.entries + [
            KeyEntry(
                purpose: .epoch, number: epoch.value, state: EpochState.pending.rawValue,
                createdMicroseconds: at)
        ]
    }

    /// Those that have a naming key, by name.
    package var namespaces: [(name: NamespaceName, createdMicroseconds: Int64)] {
        keys.file.entries.filter { $0.purpose == .naming }.compactMap { entry in
            (try? NamespaceName(entry.name)).map { ($0, entry.createdMicroseconds) }
        }
    }

    /// The entries with a naming key for one namespace more. It stays for good: what it names could not be named
    /// again.
    package func entries(
        naming namespace: NamespaceName, createdMicroseconds at: Int64
    ) -> [KeyEntry] {
        keys.file.entries + [
            KeyEntry(purpose: .naming, createdMicroseconds: at, name: namespace.description)
        ]
    }

    /// The entries with this epoch as the primary one; the one before stays readable.
    package func entries(promoting epoch: EpochNumber) -> [KeyEntry] {
        entries { entry in
            if entry.number == epoch.value { return .primary }
            return entry.state == EpochState.primary.rawValue ? .readable : nil
        }
    }

    /// The entries without this epoch's key; its number stays.
    package func entries(destroying epoch: EpochNumber) -> [KeyEntry] {
        entries { $0.number == epoch.value ? .destroyed : nil }
    }

    private func entries(_ change: (KeyEntry) -> EpochState?) -> [KeyEntry] {
        keys.file.entries.map { entry in
            guard entry.purpose == .epoch, let state = change(entry) else { return entry }
            return entry.epoch(in: state)
        }
    }
}
