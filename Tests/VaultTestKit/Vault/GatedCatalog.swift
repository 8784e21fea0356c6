// A catalog whose writer stops at a gate, so that a test decides how long a flush takes.

import Dispatch
import Synchronization
package import Vault

package final class GatedCatalog: Catalog {
    private let inner: any Catalog
    private let state = Mutex((isClosed: false, waiting: 0))
    private let gate = DispatchSemaphore(value: 0)
    private let arrived = DispatchSemaphore(value: 0)

    package init(_ inner: any Catalog) { self.inner = inner }

    /// From now on a transaction waits at the gate before it begins.
    package func close() { state.withLock { $0.isClosed = true } }

    /// Lets whoever waits go on, and nobody wait any more.
    package func open() {
        let released = state.withLock { state in
            defer { state = (false, 0) }
            return state.waiting
        }
        for _ in 0..<released { gate.signal() }
    }

    /// Blocks until a transaction waits at the gate.
    package func awaitArrival() { arrived.wait() }

    package func read<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.read(body)
    }

    package func readOnce<R>(
        _ body: (any CatalogReader) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        try inner.readOnce(body)
    }

    package func purge() throws(StorageError) -> Bool { try inner.purge() }

    package func reopen() throws(StorageError) { try inner.reopen() }

    package func snapshot() throws(StorageError) -> any CatalogSnapshot { try inner.snapshot() }

    package func write<R>(
        _ body: (any CatalogWriter) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        let mustWait = state.withLock { state in
            if state.isClosed { state.waiting += 1 }
            return state.isClosed
        }
        if mustWait {
            arrived.signal()
            gate.wait()
        }
        return try inner.write(body)
    }
}
