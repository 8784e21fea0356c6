// The pool of isolated workers as the vault's rules see it: a finding, or nothing to object.

package import Vault
package import VaultFormat

extension UploadBuffer: ImageBytes {}

package final class Inspectors: ContentInspector {
    private let pool: InspectorPool
    package let workers: Int

    /// Starts the pool; before any key is in memory.
    ///
    /// - Parameters:
    ///   - program: the absolute path of `vaultinspect`.
    ///   - workers: images inspected at once.
    /// - Throws: ``InspectorPoolError``.
    package init(program: String, workers: Int) throws(InspectorPoolError) {
        pool = try InspectorPool(.init(executable: program, concurrency: workers))
        self.workers = workers
    }

    package var canInspect: Bool { pool.canStartWorkers }
    package var restarts: Int { pool.faultCount }

    package var load: InspectorLoad {
        let load = pool.load
        return InspectorLoad(waiting: load.waiting, busy: load.busy)
    }

    package func examine(
        _ upload: UploadBuffer, type: ImageType, policy: InspectionPolicy, namespace: NamespaceName
    ) async throws(VaultError) -> FindingCode? {
        do {
            return try await pool.examine(
                upload, type: type, policy: policy, namespace: namespace.description
            ).finding
        } catch .busy {
            throw VaultError(.overloaded)
        } catch .cancelled {
            throw VaultError(.deadlineExceeded)
        } catch {
            throw VaultError(.inspectionFailed)
        }
    }

    /// - Throws: ``InspectorPoolError``.
    package func tryWalls() async throws(InspectorPoolError) -> (WallFacts, [LibraryVersion]) {
        try await pool.tryWalls()
    }

    package func shutdown() async { await pool.shutdown() }
}
