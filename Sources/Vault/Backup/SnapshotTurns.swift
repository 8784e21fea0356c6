// How many snapshots are being handed out: each is a copy of the catalog on the vault's disk.

import Synchronization
import VaultFormat

final class SnapshotTurns: Sendable {
    private let open = Mutex(0)

    /// A turn that ends with whoever holds it; nil where all are taken.
    func take() -> SnapshotTurn? {
        let isFree = open.withLock { open in
            guard open < Limits.snapshotsAtOnce else { return false }
            open += 1
            return true
        }
        return isFree ? SnapshotTurn(self) : nil
    }

    fileprivate func giveBack() { open.withLock { $0 -= 1 } }
}

final class SnapshotTurn: Sendable {
    private let turns: SnapshotTurns

    fileprivate init(_ turns: SnapshotTurns) { self.turns = turns }

    deinit { turns.giveBack() }
}
