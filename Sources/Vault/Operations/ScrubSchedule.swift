// A scrub when the last one is older than the settings want. Looked at each minute: the vault may have been sealed when it
// was due.

import VaultFormat

package struct ScrubSchedule: Sendable {
    private let vault: Vault
    private let days: Int
    private let creator: UInt32

    /// - Parameter creator: the daemon's own user.
    package init(_ vault: Vault, everyDays days: Int, creator: UInt32) {
        self.vault = vault
        self.days = days
        self.creator = creator
    }

    /// Looks until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            // What keeps it from beginning is on record elsewhere: a seal, a full disk, a log that cannot be written.
            _ = try? await vault.scrubIfDue(everyDays: days, creator: creator)
            try? await Task.sleep(for: .seconds(Limits.rotationCheckSeconds))
        }
    }
}
