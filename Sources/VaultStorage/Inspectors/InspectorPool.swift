// The pool of isolated inspectors. An upload waits its turn without a thread; then one of the
// pool's own threads, which may block, carries it to a worker and its answer back.
//
// - A worker serves one namespace, at most 256 images, and none after a refusal or a fault.
// - A warm spare makes replacing one cost no latency; idle ones are kept for their namespace.
// - Whatever a worker does, it harms the one upload it has: that one gets `inspectionFailed`.
// - Start it before the vault is unsealed, and shut it down: its threads keep it alive till then.

import Dispatch
import Foundation
import Synchronization
package import VaultFormat

package final class InspectorPool: Sendable {
    private let configuration: Configuration
    let launcher: WorkerLauncher
    private let state: Mutex<InspectorQueue>
    /// Counted up once an upload that waits, and for each thread that is to end.
    private let work = DispatchSemaphore(value: 0)
    /// Counted up when there may be too few spares.
    private let restock = DispatchSemaphore(value: 0)
    private let threads = DispatchGroup()

    /// Starts the launcher, which is the only child vaultd ever has, and the pool's threads.
    package init(_ configuration: Configuration) throws(InspectorPoolError) {
        self.configuration = configuration
        launcher = try WorkerLauncher(executable: configuration.executable)
        state = Mutex(
            InspectorQueue(
                waitingLimit: configuration.waitingUploads,
                idleLimit: configuration.idleProcesses))
        for _ in 0..<configuration.concurrency { startThread { $0.serveUploads() } }
        startThread { $0.keepSpares() }
        restock.signal()
    }

    /// Asks a worker about one image, which must stay unchanged until this returns: a thread of the
    /// pool reads it. Cancellation ends the wait for a worker, not the inspection.
    ///
    /// - Throws: ``InspectorPoolError``; never because of what the image is.
    package func examine(
        _ image: some ImageBytes, type: ImageType, policy: InspectionPolicy, namespace: String
    ) async throws(InspectorPoolError) -> WorkerAnswer {
        guard image.count > 0, image.count <= Limits.workerImageBytes else {
            throw .imageSize(bytes: image.count)
        }
        let question = configuration.question(type, policy, namespace)
        let ticket = state.withLock { $0.nextTicket() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let upload = InspectorUpload(
                    ticket: ticket, namespace: namespace, continuation: continuation
                ) { session throws(WorkerFault) in
                    try session.examine(image, as: question)
                }
                enqueue(upload)
            }
        } onCancel: {
            let waiting = state.withLock { $0.remove(ticket: ticket) }
            waiting?.continuation.resume(returning: .failure(.cancelled))
        }
        return try result.get()
    }

    /// Starts one worker and keeps it, so that what is wrong with the machine is known before the
    /// first upload is.
    ///
    /// - Throws: ``InspectorPoolError/inspectionFailed(_:)`` with what the worker lacks.
    package func check() async throws(InspectorPoolError) -> WorkerGreeting {
        let result: Result<WorkerGreeting, WorkerFault> = await withCheckedContinuation { done in
            // Blocks, and therefore not on a thread of the executor.
            Thread.detachNewThread { [self] in
                done.resume(
                    returning: Result { () throws(WorkerFault) in
                        let (process, greeting) = try launcher.startWorker()
                        let spare = WorkerSession(process: process)
                        // A pool that was closed meanwhile keeps nothing: letting go kills it.
                        state.withLock { if !$0.isClosed { $0.shelf.addSpare(spare) } }
                        return greeting
                    })
            }
        }
        return try result.mapError(InspectorPoolError.inspectionFailed).get()
    }

    /// How many workers were killed because they died, hung or lied; for the status and the metrics.
    package var faultCount: Int { state.withLock { $0.faultCount } }

    /// How many uploads wait for a worker, and how many have one.
    package var load: (waiting: Int, busy: Int) { state.withLock { $0.load } }

    /// False once the launcher is gone: no worker can be started until vaultd is.
    package var canStartWorkers: Bool { launcher.isAlive }

    /// Ends every wait, kills every worker, waits for them and the launcher. May be called twice.
    package func shutdown() async {
        let (waiting, busy) = state.withLock { $0.close() }
        for upload in waiting { upload.continuation.resume(returning: .failure(.shutDown)) }
        for process in busy { process.kill() }
        for _ in 0..<configuration.concurrency { work.signal() }
        restock.signal()
        await withCheckedContinuation { continuation in
            // Blocks, and therefore not on a thread of the executor.
            Thread.detachNewThread { [self] in
                threads.wait()
                let kept = state.withLock { $0.shelf.removeAll() }
                for session in kept { session.process.kill() }
                let deadline = Deadline(milliseconds: Limits.workerStartMilliseconds)
                for process in busy + kept.map(\.process) {
                    _ = process.awaitEnd(until: deadline)
                }
                launcher.end()
                continuation.resume()
            }
        }
    }

    private func enqueue(_ upload: InspectorUpload) {
        // A cancellation that came first found nothing to remove: the task knows of it here.
        let refusal = state.withLock { queue in
            Task.isCancelled ? .cancelled : queue.append(upload)
        }
        if let refusal {
            upload.continuation.resume(returning: .failure(refusal))
        } else {
            work.signal()
        }
    }
}

// What the pool's threads do.
extension InspectorPool {
    private func startThread(_ body: @escaping @Sendable (InspectorPool) -> Void) {
        threads.enter()
        Thread.detachNewThread { [self] in
            body(self)
            threads.leave()
        }
    }

    private func serveUploads() {
        while true {
            work.wait()
            let (upload, closed) = state.withLock { ($0.next(), $0.isClosed) }
            if let upload { serve(upload) }
            if closed { return }
        }
    }

    private func serve(_ upload: InspectorUpload) {
        let result: Result<WorkerAnswer, InspectorPoolError>
        do {
            var session = try takeWorker(for: upload.namespace)
            let isOpen = state.withLock { $0.begin(upload.ticket, on: session.process) }
            guard isOpen else {
                session.process.kill()
                return upload.continuation.resume(returning: .failure(.shutDown))
            }
            let outcome = Result { () throws(WorkerFault) in try upload.examine(&session) }
            let isKept = (try? outcome.get()) != nil && session.isReusable
            if !isKept { session.process.kill() }
            state.withLock {
                $0.end(upload.ticket, keeping: isKept ? session : nil)
                if case .failure = outcome { $0.countFault() }
            }
            result = outcome.mapError(InspectorPoolError.inspectionFailed)
        } catch {
            state.withLock { $0.countFault() }
            result = .failure(.inspectionFailed(error))
        }
        upload.continuation.resume(returning: result)
    }

    /// An idle worker of that namespace, or a spare, or a new one; none that spoke out of turn.
    private func takeWorker(for namespace: String) throws(WorkerFault) -> WorkerSession {
        while let session = state.withLock({ $0.shelf.take(for: namespace) }) {
            if session.namespace == nil { restock.signal() }
            if session.process.isQuiet { return session }
            session.process.kill()
        }
        restock.signal()
        return WorkerSession(process: try launcher.startWorker().process)
    }

    private func keepSpares() {
        while true {
            restock.wait()
            while state.withLock({ !$0.isClosed && $0.shelf.spareCount < configuration.spares }) {
                // A failure is met again, and reported, by the upload that needs the worker.
                guard let process = try? launcher.startWorker().process else { break }
                state.withLock { $0.shelf.addSpare(WorkerSession(process: process)) }
            }
            if state.withLock({ $0.isClosed }) { return }
        }
    }
}
