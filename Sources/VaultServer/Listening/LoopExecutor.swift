// Tasks on an event loop: a connection's task runs where its bytes arrive, and no thread is woken between
// the two. What may block for long goes to the ``RequestExecutor``.

import NIOCore

final class LoopExecutor: TaskExecutor {
    let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The closure holds the executor that the job runs on.
        loop.execute { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
