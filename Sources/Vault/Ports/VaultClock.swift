/// The time, as the rules see it.
package protocol VaultClock: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z. It may step; the log's order does not depend on it.
    func nowMicroseconds() -> Int64
    /// Microseconds on a clock that never steps back, for durations.
    func monotonicMicroseconds() -> Int64
}
