// How an inspector pool is set up: which program, how many workers, how long and how large.

import VaultFormat

extension InspectorPool {
    package struct Configuration: Sendable {
        /// The absolute path of `vaultinspect`.
        package let executable: String
        /// Workers that inspect at once; one a core is right.
        package let concurrency: Int
        /// Workers kept ready beyond those.
        package let spares: Int
        package let idleProcesses: Int
        package let waitingUploads: Int
        package let structureMilliseconds: Int
        package let decodeMilliseconds: Int

        /// Values beyond `Limits` are brought back to them.
        package init(
            executable: String, concurrency: Int = 2, spares: Int = 1,
            waitingUploads: Int = Limits.workerWaitingUploads,
            idleProcesses: Int = Limits.workerIdleProcesses,
            structureMilliseconds: Int = Limits.workerStructureMilliseconds,
            decodeMilliseconds: Int = Limits.workerDecodeMilliseconds
        ) {
            self.executable = executable
            self.concurrency = min(max(concurrency, 1), Limits.workerConcurrency)
            self.spares = min(max(spares, 0), Limits.workerSpares)
            self.waitingUploads = min(max(waitingUploads, 0), Limits.workerWaitingUploads)
            self.idleProcesses = min(max(idleProcesses, 0), Limits.workerIdleProcessesAtMost)
            self.structureMilliseconds = structureMilliseconds
            self.decodeMilliseconds = decodeMilliseconds
        }

        func question(
            _ type: ImageType, _ policy: InspectionPolicy, _ namespace: String
        ) -> WorkerQuestion {
            WorkerQuestion(
                type: type, level: policy.level, namespace: namespace,
                budget: WorkerBudget(policy),
                deadlineMilliseconds: policy.level == .decode
                    ? decodeMilliseconds : structureMilliseconds)
        }
    }
}
