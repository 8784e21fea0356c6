// Tells the service manager that the daemon lives, while that is so: the log's writer and the event loops are asked
// for a sign of it. A thread that hangs gives none, the manager misses the message, and starts the daemon anew.
// A flush that takes long is no death: for the manager's whole interval nothing is held against it.

import Foundation
import Synchronization
import Vault
import VaultFormat
import VaultServer

/// A thread of its own: it needs none of those that it watches.
final class Watchdog: Sendable {
    private let vault: Vault
    /// After how long without a message the manager ends the process.
    private let interval: Duration
    private let stopped = Mutex(false)
    private let end = DispatchSemaphore(value: 0)
    private let answers = DispatchSemaphore(value: 0)

    /// Twice in each interval, as sd_watchdog_enabled(3) wants it.
    private var pause: DispatchTimeInterval {
        .microseconds(Int(clamping: interval.wholeMicroseconds / 2))
    }

    /// Starts it, where the manager asked for it.
    static func start(_ vault: Vault) -> Watchdog? {
        guard let interval = ServiceManager.watchdogInterval() else { return nil }
        let watchdog = Watchdog(vault, interval)
        watchdog.start()
        return watchdog
    }

    private init(_ vault: Vault, _ interval: Duration) {
        self.vault = vault
        self.interval = interval
    }

    private func start() {
        let thread = Thread { [self] in
            while !stopped.withLock({ $0 }) { round() }
        }
        thread.name = "watchdog"
        thread.start()
    }

    func stop() {
        stopped.withLock { $0 = true }
        end.signal()
    }

    /// Asks once, and waits until all have answered, however long that takes.
    private func round() {
        let asked = ContinuousClock.now
        var next = DispatchTime.now() + pause
        var missing = ask()
        while missing > 0, !stopped.withLock({ $0 }) {
            if answers.wait(timeout: next) == .success {
                missing -= 1
                continue
            }
            next = next + pause
            if .now - asked < interval { tell() }
        }
        tell()
        _ = end.wait(timeout: .now() + pause)
    }

    /// Asks all who have to answer.
    ///
    /// - Returns: how many they are.
    private func ask() -> Int {
        let answered: @Sendable () -> Void = { [answers] in answers.signal() }
        vault.committer.ask(answered)
        return 1 + DoorServer.ask(answered)
    }

    private func tell() {
        if !stopped.withLock({ $0 }) { ServiceManager.notify("WATCHDOG=1") }
    }
}
