// A catalog that lets a test act between what a reading learns from it and what the reading does next.

import Synchronization
package import Vault

package final class GatedReads: Catalog {
    private let inner: any Catalog
    private typealias Action = @Sendable () -> Void
    private let before = Mutex<Action?>(nil)
    private let after = Mutex<Action?>(nil)
    private let reads = Mutex<(left: Int, action: Action)?>(nil)

    package init(_ inner: any Catalog) { self.inner = inner }

    /// Runs `body` when the next single question is answered, before its answer is given.
    package func afterNextClaim(_ body: @escaping @Sendable () -> Void) {
        after.withLock { $0 = body }
    }

    /// Runs `body` before the next single question is asked.
    package func beforeNextClaim(_ body: @escaping @Sendable () -> Void) {
        before.withLock { $0 = body }
    }

    /// Runs `body` when the reading with this number from now on has ended, before anything is made of it.
    package func afterRead(_ number: Int, _ body: @escaping @Sendable () -> Void) {
        reads.withLock { $0 = (number, body) }
    }

    /// Whether it did not run yet.
    package var awaitsRead: Bool { reads.withLock { $0 != nil } }

    private func endRead() {
        let action = reads.withLock { reads -> Action? in
            guard let (left, action) = reads else { return nil }
            reads = left > 1 ? (left - 1, action) : nil
            return left > 1 ? nil : action
        }
        action?()
    }

    private func take(_ action: borrowing Mutex<Action?>) -> Action? {
        action.withLock { action in
            defer { action = nil }
            return action
        }
    }

    package func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        let result = try inner.read(body)
        endRead()
        return result
    }

    package func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        take(before)?()
        let result = try inner.readOnce(body)
        take(after)?()
        return result
    }

    package func purge() throws(StorageError) -> Bool { try inner.purge() }

    package func reopen() throws(StorageError) { try inner.reopen() }

    package func snapshot() throws(StorageError) -> any CatalogSnapshot { try inner.snapshot() }

    package func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.write(body)
    }
}
