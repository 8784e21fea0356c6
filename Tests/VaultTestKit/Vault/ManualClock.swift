import Synchronization
import Vault

/// A clock that goes only when it is told to.
package final class ManualClock: VaultClock {
    private let now: Mutex<(wall: Int64, monotonic: Int64)>

    /// - Parameter microseconds: since 1970; a moment of 2026 unless given.
    package init(at microseconds: Int64 = 1_780_000_000_000_000) {
        now = Mutex((microseconds, 0))
    }

    package func nowMicroseconds() -> Int64 { now.withLock { $0.wall } }
    package func monotonicMicroseconds() -> Int64 { now.withLock { $0.monotonic } }

    /// Puts the time of day on, and lets no time pass.
    package func jump(microseconds: Int64) { now.withLock { $0.wall += microseconds } }

    package func advance(microseconds: Int64) {
        now.withLock { $0 = ($0.wall + microseconds, $0.monotonic + microseconds) }
    }
}
