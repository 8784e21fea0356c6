// What has been kept for long enough is erased, looked for each minute. A clock that ran ahead erases nothing
// at once: it may be wrong, and what is erased does not come back.

import VaultFormat

package struct ExpirySchedule: Sendable {
    private let vault: Vault
    private let creator: UInt32
    /// Told once for each time that the clock ran ahead.
    private let warn: @Sendable () -> Void
    /// Both clocks when they were last looked at.
    private var seen: (wall: Int64, monotonic: Int64)
    /// On the monotonic clock.
    private var notBefore: Int64 = .min

    /// - Parameter creator: the daemon's own user.
    package init(_ vault: Vault, creator: UInt32, warn: @escaping @Sendable () -> Void = {}) {
        self.vault = vault
        self.creator = creator
        self.warn = warn
        let now = (vault.clock.nowMicroseconds(), vault.clock.monotonicMicroseconds())
        // How long the daemon was away, only the log can tell.
        seen = (vault.lastEventAtStart ?? now.0, now.1)
    }

    /// Looks until its task is cancelled.
    package mutating func run() async {
        while !Task.isCancelled {
            await look()
            try? await Task.sleep(for: .seconds(Limits.expirySeconds))
        }
    }

    /// Looks once. What keeps an erasure from beginning passes, or is on record already.
    ///
    /// - Returns: whether one was begun.
    @discardableResult
    package mutating func look() async -> Bool {
        let (wall, monotonic) = (
            vault.clock.nowMicroseconds(), vault.clock.monotonicMicroseconds()
        )
        let ahead = (wall - seen.wall) - (monotonic - seen.monotonic)
        seen = (wall, monotonic)
        if ahead > Limits.clockJumpSeconds * 1_000_000 {
            notBefore = monotonic + Limits.clockJumpWaitSeconds * 1_000_000
            warn()
        }
        guard monotonic >= notBefore else { return false }
        return (try? await vault.expireIfDue(creator: creator)) ?? false
    }
}
