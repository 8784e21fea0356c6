// Who is inside the pool of connections, so that it closes when nobody is: GRDB's own close leaves a reading that
// begins meanwhile with a connection that is gone.

import Dispatch
import Glibc
import Synchronization
import Vault

final class PoolGate: Sendable {
    private let state = Mutex(State())

    private struct State {
        var inside = 0
        var isShut = false
        /// Of who waits for the last one to leave.
        var isEmpty: DispatchSemaphore?
    }

    /// - Throws: `unavailable(EBADF)` while it is shut; nobody waits here. What `body` throws.
    func pass<R>(_ body: () throws -> R) throws -> R {
        try enter()
        defer { leave() }
        return try body()
    }

    private func enter() throws(StorageError) {
        let isShut = state.withLock { state in
            if !state.isShut { state.inside += 1 }
            return state.isShut
        }
        guard !isShut else { throw .unavailable(EBADF) }
    }

    private func leave() {
        state.withLock { state in
            state.inside -= 1
            if state.inside == 0 { state.isEmpty?.signal() }
        }
    }

    /// Lets nobody in any more, and waits until the last one has left. Not from inside.
    ///
    /// - Returns: whether it was open.
    func shut() -> Bool {
        let isEmpty = DispatchSemaphore(value: 0)
        let (wasOpen, waits) = state.withLock { state in
            defer { state.isShut = true }
            guard !state.isShut else { return (false, false) }
            state.isEmpty = isEmpty
            return (true, state.inside > 0)
        }
        if waits { isEmpty.wait() }
        return wasOpen
    }

    func open() {
        state.withLock { state in
            state.isShut = false
            state.isEmpty = nil
        }
    }
}
