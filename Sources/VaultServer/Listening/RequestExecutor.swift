// The threads that requests run on. Verbs wait for disks: on these threads they may, and the event loop and
// Swift's own executor, which has a thread a core, go on.

import Foundation
import Synchronization

package final class RequestExecutor: TaskExecutor {
    private let jobs: Mutex<Jobs>
    private let waiting = DispatchSemaphore(value: 0)

    private struct Jobs {
        var queue: [UnownedJob] = []
        var head = 0

        /// What has run is let go when it is the larger part: under load there may always be somebody behind it.
        mutating func pop() -> UnownedJob? {
            guard head < queue.count else { return nil }
            let job = queue[head]
            head += 1
            if 2 * head >= queue.count {
                queue.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    /// - Parameter threads: requests that may wait for the disk at once.
    package init(threads: Int) {
        jobs = Mutex(Jobs())
        for number in 0..<threads {
            let thread = Thread { [self] in run() }
            thread.name = "request-\(number)"
            thread.start()
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.queue.append(job) }
        waiting.signal()
    }

    private func run() {
        while true {
            waiting.wait()
            guard let job = jobs.withLock({ $0.pop() }) else { continue }
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
