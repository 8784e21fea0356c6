// What has been kept for long enough is erased, looked for each minute. A clock that ran ahead erases nothing
// at once: it may be wrong, and what is erased does not come back.

import VaultFormat

package struct ExpirySchedule: Sendable {
    private let vault: Vault
    private let creator: UInt32
    /// Told once for each time that the clock ran ahead.
    private let warn: @Sendable () -> Void
    /// Both clocks when they were last believed.
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
        let times = vault.timesBeforeStart
        seen = (times.last ?? now.0, now.1)
        // A jump that was seen before a restart is not forgotten with it.
        let jump = zip(times, times.dropFirst()).reversed().first { Self.isJump(from: $0, to: $1) }
        guard let jump, !Self.isAhead(now.0, of: jump.1, by: Limits.clockJumpWaitSeconds) else {
            return
        }
        notBefore = now.1 + Limits.clockJumpWaitSeconds * 1_000_000
    }

    private static func isJump(from earlier: Int64, to later: Int64) -> Bool {
        isAhead(later, of: earlier, by: Limits.clockJumpSeconds)
    }

    /// Times of events are columns that anybody may have written.
    private static func isAhead(_ later: Int64, of earlier: Int64, by seconds: Int64) -> Bool {
        let (ahead, overflows) = later.subtractingReportingOverflow(earlier)
        return overflows ? later > earlier : ahead > seconds * 1_000_000
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
        // Where the wall clock would be; many small steps ahead are one large one.
        let expected = seen.wall.addingReportingOverflow(monotonic - seen.monotonic).partialValue
        if Self.isJump(from: expected, to: wall) {
            notBefore = monotonic + Limits.clockJumpWaitSeconds * 1_000_000
            warn()
            seen = (wall, monotonic)
        } else if wall < expected {
            seen = (wall, monotonic)
        }
        guard monotonic >= notBefore else { return false }
        while !Task.isCancelled, (try? await vault.pruneLogIfDue()) == true {}
        return (try? await vault.expireIfDue(creator: creator)) ?? false
    }
}
