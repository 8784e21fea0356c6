// Tells the service manager that the daemon lives, while that is so: the log's writer and the event loops are asked
// for a sign of it. A thread that hangs gives none, the manager misses the message, and starts the daemon anew.
// A flush that takes long is no death: for the manager's whole interval nothing is held against it.

import Foundation
import Synchronization
import Vault
import VaultServer

/// When the manager may be told.
struct LifeSigns {
    /// After how long without a message the manager ends the process.
    let interval: Duration

    /// Twice in each interval, as sd_watchdog_enabled(3) wants it.
    var pause: Duration { interval / 2 }

    /// - Parameters:
    ///   - answered: whether all answered what they were asked last.
    ///   - waited: how long ago that was.
    func mayTell(answered: Bool, waited: Duration) -> Bool { answered || waited < interval }
}

/// A thread of its own: it needs none of those that it watches.
final class Watchdog: Sendable {
    private let signs: LifeSigns
    private let ask: @Sendable (@escaping @Sendable () -> Void) -> Int
    private let tell: @Sendable () -> Void
    private let stopped = Mutex(false)
    private let end = DispatchSemaphore(value: 0)
    private let answers = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - ask: asks all who have to answer, and returns how many they are.
    ///   - tell: says to the manager that the daemon lives.
    init(
        _ signs: LifeSigns, ask: @escaping @Sendable (@escaping @Sendable () -> Void) -> Int,
        tell: @escaping @Sendable () -> Void
    ) {
        self.signs = signs
        self.ask = ask
        self.tell = tell
    }

    /// Starts it, where the manager asked for it.
    static func start(_ vault: Vault) -> Watchdog? {
        guard let interval = ServiceManager.watchdogInterval() else { return nil }
        let watchdog = Watchdog(LifeSigns(interval: interval)) { answered in
            vault.committer.ask(answered)
            return 1 + DoorServer.ask(answered)
        } tell: {
            ServiceManager.notify("WATCHDOG=1")
        }
        watchdog.start()
        return watchdog
    }

    func start() {
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
        var next = DispatchTime.now() + signs.pause.inSeconds
        var missing = ask { [answers] in answers.signal() }
        while missing > 0, !stopped.withLock({ $0 }) {
            if answers.wait(timeout: next) == .success {
                missing -= 1
                continue
            }
            next = next + signs.pause.inSeconds
            if signs.mayTell(answered: false, waited: .now - asked) { say() }
        }
        say()
        _ = end.wait(timeout: .now() + signs.pause.inSeconds)
    }

    private func say() {
        if !stopped.withLock({ $0 }) { tell() }
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
