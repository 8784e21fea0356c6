// Alarms whose incident could not be opened, because the vault was sealed, its disk full or its log not writable: they
// are tried again for a while.

import Synchronization
package import VaultFormat

final class UnopenedAlarms: Sendable {
    private struct Entry {
        let alarm: Alarm
        var attempts: Int
        var nextMicroseconds: Int64
    }

    private let entries = Mutex<[Entry]>([])

    /// - Parameter attempts: made already.
    /// - Returns: false for one that is given up.
    func add(_ alarm: Alarm, after attempts: Int, at monotonic: Int64) -> Bool {
        guard attempts < Limits.unopenedAttempts else { return false }
        let pause = Limits.unopenedSeconds << Int64(attempts - 1)
        return entries.withLock { entries in
            guard entries.count < Limits.unopenedAlarms else { return false }
            entries.append(
                Entry(
                    alarm: alarm, attempts: attempts,
                    nextMicroseconds: monotonic + pause * 1_000_000))
            return true
        }
    }

    /// Those whose time has come, with the attempts made.
    func due(at monotonic: Int64) -> [(alarm: Alarm, attempts: Int)] {
        entries.withLock { entries in
            let due = entries.filter { $0.nextMicroseconds <= monotonic }
            entries.removeAll { $0.nextMicroseconds <= monotonic }
            return due.map { ($0.alarm, $0.attempts) }
        }
    }
}

extension Vault {
    /// Keeps an alarm whose incident could not be opened.
    ///
    /// - Returns: false for one that is given up.
    package func openLater(_ alarm: Alarm, attempts: Int = 1) -> Bool {
        unopened.add(alarm, after: attempts, at: clock.monotonicMicroseconds())
    }

    /// Tries those again whose time has come.
    ///
    /// - Parameter givenUp: told of each that is not tried any more.
    package func openWaiting(givenUp: @Sendable (Alarm, ErrorCode) -> Void) async {
        for (alarm, attempts) in unopened.due(at: clock.monotonicMicroseconds()) {
            do throws(VaultError) {
                try await open(alarm)
            } catch {
                if !openLater(alarm, attempts: attempts + 1) { givenUp(alarm, error.code) }
            }
        }
    }
}
