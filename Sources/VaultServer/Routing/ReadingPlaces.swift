// Images that are on their way to somebody. Each holds a frame until its reader has taken it, for as long as a slow one
// likes: so there are only so many, and no principal has all.

import Synchronization
import VaultFormat

final class ReadingPlaces: Sendable {
    private let state = Mutex(State())

    private struct State {
        var taken: [PrincipalName: Int] = [:]
        var total = 0
    }

    /// One reading. It ends with its last holder.
    final class Place: Sendable {
        private let places: ReadingPlaces
        private let owner: PrincipalName

        fileprivate init(_ places: ReadingPlaces, _ owner: PrincipalName) {
            self.places = places
            self.owner = owner
        }

        deinit { places.leave(owner) }
    }

    /// - Returns: nil where there are too many.
    func take(_ owner: PrincipalName) -> Place? {
        let hasRoom = state.withLock { state in
            let own = state.taken[owner, default: 0]
            guard state.total < Limits.readings, own < Limits.readingsEach else { return false }
            state.taken[owner] = own + 1
            state.total += 1
            return true
        }
        return hasRoom ? Place(self, owner) : nil
    }

    private func leave(_ owner: PrincipalName) {
        state.withLock { state in
            guard let own = state.taken[owner] else { return }
            state.taken[owner] = own > 1 ? own - 1 : nil
            state.total -= 1
        }
    }
}
