// A rotation when the primary epoch is older than the settings want. Looked at each minute: the vault may
// have been sealed, or another walk over the keys under way, when it was due.

import VaultFormat

package struct RotationSchedule: Sendable {
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
            _ = try? await vault.rotateIfDue(everyDays: days, creator: creator)
            try? await Task.sleep(for: .seconds(Limits.rotationCheckSeconds))
        }
    }
}
