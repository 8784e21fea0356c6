// Faults by number: a store asks here before each step it takes, and one chosen step fails.

import Synchronization
package import Vault

/// Counts the steps of the stores that share it, and fails the one it is armed for.
package final class Faults: Sendable {
    private struct Plan {
        var steps = 0
        /// Which step fails, counted among those called ``name``, or among all.
        var step = 0
        var name: String?
        var seen = 0
        var error: StorageError?
        var failed: String?
        /// Whether no step succeeds after the one that failed.
        var isDeath = false
    }

    private let plan = Mutex(Plan())

    package init() {}

    /// Counts from one again, and lets step number `step` fail with `error`.
    package func arm(step: Int, _ error: StorageError) {
        plan.withLock { $0 = Plan(step: step, error: error) }
    }

    /// Counts from one again, and lets the step called `name` fail when it comes the `time`th time.
    package func arm(_ name: String, time: Int = 1, _ error: StorageError) {
        plan.withLock { $0 = Plan(step: time, name: name, error: error) }
    }

    /// Counts from one again, and lets step number `step` and every one after it fail: a process that
    /// was killed does nothing more.
    package func kill(atStep step: Int) {
        plan.withLock { $0 = Plan(step: step, error: .unavailable(5), isDeath: true) }
    }

    /// Counts from one again, and lets nothing fail.
    package func disarm() { plan.withLock { $0 = Plan() } }

    /// Steps taken since it was armed or disarmed.
    package var steps: Int { plan.withLock { $0.steps } }

    /// The step that failed; nil while none has.
    package var failed: String? { plan.withLock { $0.failed } }

    /// - Throws: the error that is planned for this step.
    func pass(_ name: String) throws(StorageError) {
        let error = plan.withLock { plan in
            plan.steps += 1
            if plan.name == nil || plan.name == name { plan.seen += 1 }
            if plan.isDeath, plan.failed != nil { return plan.error }
            guard let error = plan.error, plan.failed == nil, plan.seen == plan.step else {
                return nil as StorageError?
            }
            plan.failed = name
            return error
        }
        if let error { throw error }
    }

    /// A step after which the work is done all the same. Only a device that fails leaves that open:
    /// a full or a damaged store rolls back.
    func passAfterTheFact(_ name: String) throws(StorageError) {
        let leavesItOpen = plan.withLock { plan in
            if case .unavailable? = plan.error { true } else { false }
        }
        if leavesItOpen { try pass(name) }
    }
}
