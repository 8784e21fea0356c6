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

        mutating func pop() -> UnownedJob? {
            guard head < queue.count else { return nil }
            defer {
                head += 1
                if head == queue.count {
                    queue.removeAll(keepingCapacity: true)
                    head = 0
                }
            }
            return queue[head]
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
