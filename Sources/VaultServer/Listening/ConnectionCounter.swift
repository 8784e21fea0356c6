// Who may have how many connections, across every door.

import Synchronization
import VaultFormat

/// Open connections, in all and by uid.
package final class ConnectionCounter: Sendable {
    private let state = Mutex(State())
    private let most: Int

    private struct State {
        var open: [UInt32: Int] = [:]
        var total = 0
    }

    /// - Parameter descriptors: how many this process may have open.
    package init(descriptors: Int) {
        most = min(Limits.connections, descriptors / 4 * 3)
    }

    package var total: Int { state.withLock { $0.total } }

    /// Whether there is room for one more from `uid`; counts it if so.
    ///
    /// The last places are for users who have few: those who took all others do not lock them out.
    package func admit(_ uid: UInt32) -> Bool {
        state.withLock { state in
            let own = state.open[uid, default: 0]
            let kept = own < Limits.connectionsOfFew ? 0 : min(Limits.connectionsKept, most / 8)
            guard own < Limits.connectionsPerUser, state.total < most - kept else { return false }
            state.open[uid] = own + 1
            state.total += 1
            return true
        }
    }

    package func release(_ uid: UInt32) {
        state.withLock { state in
            guard let own = state.open[uid] else { return }
            state.open[uid] = own > 1 ? own - 1 : nil
            state.total -= 1
        }
    }
}
