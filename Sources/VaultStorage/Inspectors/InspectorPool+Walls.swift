// Fresh workers that try to get out, one for each act: most end by what they try.

import Foundation
import Glibc
package import Vault
package import VaultFormat

extension InspectorPool {
    /// What a worker's walls are, as the kernel tells and as workers find that try them.
    ///
    /// - Throws: ``InspectorPoolError/inspectionFailed(_:)`` where one cannot be started, or does not answer in time.
    package func tryWalls() async throws(InspectorPoolError) -> (WallFacts, [LibraryVersion]) {
        let result: Result<(WallFacts, [LibraryVersion]), WorkerFault> =
            await withCheckedContinuation { done in
                // Blocks, and therefore not on a thread of the executor.
                Thread.detachNewThread { [self] in
                    done.resume(returning: Result { () throws(WorkerFault) in try walls() })
                }
            }
        return try result.mapError(InspectorPoolError.inspectionFailed).get()
    }

    private func walls() throws(WorkerFault) -> (WallFacts, [LibraryVersion]) {
        let (process, greeting) = try launcher.startWorker()
        defer { process.kill() }
        // One that lives when nothing is tried: else an end would show nothing.
        guard let answer = try ask(.none, process) else { throw .died(errno: 0) }
        let kernel = KernelFiles()
        let pid = kernel.pid(behind: process.pidfd)
        let status = pid.map { kernel.pairs("\($0)/status") } ?? [:]
        let limits = pid.flatMap { kernel.limits("\($0)/limits") } ?? [:]
        var attempts: [WorkerAct: Bool] = [:]
        for act in WorkerAct.allCases where act != .none {
            attempts[act] = try getsItsWay(act)
        }
        let facts = WallFacts(
            filter: status["Seccomp"].flatMap { Int($0) },
            hasNoNewPrivileges: status["NoNewPrivs"].map { $0 == "1" },
            files: limits["Max open files"], processes: limits["Max processes"],
            landlock: Int(greeting.landlockABI), attempts: attempts)
        return (facts, answer.found)
    }

    private func getsItsWay(_ act: WorkerAct) throws(WorkerFault) -> Bool {
        let process = try launcher.startWorker().process
        defer { process.kill() }
        return try ask(act, process)?.outcome == .done
    }

    /// - Returns: nil where the worker ended by it.
    private func ask(
        _ act: WorkerAct, _ process: WorkerProcess
    ) throws(WorkerFault) -> WorkerProbeAnswer? {
        let deadline = Deadline(milliseconds: Limits.doctorProbeMilliseconds)
        let probe = WorkerProbe(act)
        do throws(WorkerFault) {
            try process.send(probe.encoded(), until: deadline)
            let bytes = try process.receive(
                byteCount: WorkerProbeAnswer.byteCount, until: deadline)
            do {
                return try WorkerProbeAnswer(parsing: bytes, to: probe)
            } catch {
                throw WorkerFault.nonsense(error)
            }
        } catch .died {
            return nil
        }
    }
}
