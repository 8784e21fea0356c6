// Asynchronous work that a test has to wait for where it may not await: on a thread that nobody else needs.

import Dispatch
import Foundation
import Synchronization

package final class OwnThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])
    private let arrival = DispatchSemaphore(value: 0)

    private init() {}

    /// Blocks until `work` is done, which runs on a thread of its own.
    package static func wait(_ work: @escaping @Sendable () async -> Void) {
        let executor = OwnThread()
        let done = DispatchSemaphore(value: 0)
        let isDone = Atomic(false)
        let thread = Thread {
            while !isDone.load(ordering: .acquiring) {
                executor.arrival.wait()
                executor.runNext()
            }
        }
        thread.start()
        Task(executorPreference: executor) {
            await work()
            isDone.store(true, ordering: .releasing)
            executor.arrival.signal()
            done.signal()
        }
        done.wait()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        arrival.signal()
    }

    private func runNext() {
        guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
        // The thread holds the executor that the job runs on.
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }
}
