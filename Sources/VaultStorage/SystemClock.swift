import Glibc
import Vault

/// The machine's clocks.
package struct SystemClock: VaultClock {
    package init() {}

    package func nowMicroseconds() -> Int64 { Self.read(CLOCK_REALTIME) }
    package func monotonicMicroseconds() -> Int64 { Self.read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
