// A rotation when the primary epoch is older than the settings want. Looked at each minute: the vault may
// have been sealed, or another walk over the keys under way, when it was due.

package import VaultFormat

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
        var refusal: ErrorCode?
        while !Task.isCancelled {
            refusal = await look(after: refusal)
            try? await Task.sleep(for: .seconds(Limits.rotationCheckSeconds))
        }
    }

    /// Looks once. What keeps a rotation that is due from beginning is an event, once for as long as it does;
    /// that the vault is sealed is on record already.
    ///
    /// - Parameter told: the refusal that the last look ended with.
    /// - Returns: the refusal that this one ended with.
    package func look(after told: ErrorCode?) async -> ErrorCode? {
        do throws(VaultError) {
            _ = try await vault.rotateIfDue(everyDays: days, creator: creator)
            return nil
        } catch {
            guard error.code != told, error.code != .sealed, !error.isRecorded else {
                return error.code
            }
            var event = Event(.operationStarted, atMicroseconds: vault.clock.nowMicroseconds())
            event.outcome = error.outcome
            event.code = error.code
            vault.committer.recordLater(event)
            return error.code
        }
    }
}
