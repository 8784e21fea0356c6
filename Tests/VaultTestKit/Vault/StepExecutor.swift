// Tasks by hand: a task that prefers this executor runs when the test says so, as far as it can.

import Dispatch
import Synchronization

package final class StepExecutor: TaskExecutor {
    private let state = Mutex<(jobs: [UnownedJob], isReleased: Bool)>(([], false))

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let runsNow = state.withLock { state in
            if !state.isReleased { state.jobs.append(job) }
            return state.isReleased
        }
        if runsNow { runElsewhere(job) }
    }

    /// How many jobs are ready.
    package var ready: Int { state.withLock { $0.jobs.count } }

    /// Runs one of them, and nothing that becomes ready by it.
    package func run(_ place: Int) {
        let job = state.withLock { $0.jobs.remove(at: place) }
        // The executor outlives the call that borrows it.
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
    }

    /// Runs what is ready, and what becomes ready by it, until every task waits for something else.
    package func drain() {
        while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) {
            // The executor outlives the call that borrows it.
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// From now on every task runs by itself, so that it can be awaited.
    package func release() {
        let jobs = state.withLock { state in
            defer { state = ([], true) }
            return state.jobs
        }
        for job in jobs { runElsewhere(job) }
    }

    private func runElsewhere(_ job: UnownedJob) {
        DispatchQueue.global().async {
            // The closure holds the executor that the job runs on.
            unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    /// Starts a task and runs it up to its first wait.
    package func start<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) -> Task<R, any Error> {
        let task = Task(executorPreference: self) { try await body() }
        drain()
        return task
    }
}
