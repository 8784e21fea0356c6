// What is being erased at this moment: until its blob is unlinked, no purge speaks for it.

import Synchronization
import VaultFormat

final class ErasureLedger: Sendable {
    enum Key: Hashable, Sendable {
        /// What a crash may have left, until the sweep has looked.
        case start
        case call(UInt64)
        case operation(OperationID)
        /// A blob that no row names and that could not be unlinked.
        case blob(BlobID)
    }

    private struct State {
        /// The log's size before each began: the event that erases is none before that.
        var open: [Key: UInt64] = [:]
        var calls: UInt64 = 0
    }

    private let state = Mutex(State())

    func begin(_ key: Key, at size: UInt64) {
        state.withLock { $0.open[key] = min($0.open[key] ?? size, size) }
    }

    func beginCall(at size: UInt64) -> Key {
        state.withLock { state in
            state.calls += 1
            state.open[.call(state.calls)] = size
            return .call(state.calls)
        }
    }

    /// - Parameter blobs: those that are still to be unlinked.
    func end(_ key: Key, leaving blobs: [BlobID] = []) {
        state.withLock { state in
            guard let size = state.open.removeValue(forKey: key) else { return }
            for blob in blobs { state.open[.blob(blob)] = size }
        }
    }

    /// Whether a disk or a sweep has to be waited for, and not only somebody's request.
    var isStuck: Bool {
        state.withLock { state in
            state.open.keys.contains { key in
                switch key {
                case .start, .blob: true
                case .call, .operation: false
                }
            }
        }
    }

    var leftBlobs: [BlobID] {
        state.withLock { state in
            state.open.keys.compactMap { key in
                if case .blob(let blob) = key { blob } else { nil }
            }
        }
    }

    /// The first event that a purge from now on may not speak for.
    ///
    /// - Parameter size: the log's, taken before.
    func horizon(_ size: UInt64) -> UInt64 {
        state.withLock { min(size, $0.open.values.min() ?? size) }
    }
}

extension Vault {
    /// Unlinks blobs that no row names.
    ///
    /// - Returns: those that could not be, or of which it is not known.
    func unlink(_ candidates: [BlobID]) -> [BlobID] {
        // After a failed flush nobody knows which of them are named.
        guard !committer.isBroken else { return candidates }
        return candidates.filter { blob in
            do throws(StorageError) {
                let isHeld = try catalog.read { (reader) throws(StorageError) in
                    try reader.holdsBlob(blob)
                }
                if !isHeld { try blobs.remove(blob) }
                return false
            } catch {
                return true
            }
        }
    }
}
