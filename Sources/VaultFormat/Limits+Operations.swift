// Bounds of operations, of approvals, and of answers that are kept to be given again.

extension Limits {
    /// Bytes of an idempotency key: a UUID has 36.
    package static let idempotencyKeyBytes = 64
    /// Seconds for which a kept answer is given again: longer than anybody retries.
    package static let idempotencySeconds: Int64 = 24 * 3600
    /// Kept answers of one principal; each has under a kilobyte. The next request with a key waits
    /// until one is too old.
    package static let idempotencyKeysPerPrincipal = 10_000
    /// Kept answers that are too old, removed with each one that is added.
    package static let idempotencySweep = 100
    /// Bytes of an answer that is kept: those of creating verbs have a few hundred.
    package static let keptAnswerBytes = 16 << 10
    /// Epochs that one request may name: with ten digits each they fit its body.
    package static let requestEpochs = 1024

    /// Images that one step of an operation takes at most: the flush that ends it costs less than
    /// they do, and so much is done again after a crash.
    package static let operationStepImages = 16
    /// Milliseconds after which a step takes no further image: a pause is obeyed, and requests get
    /// their turn, within about as long.
    package static let operationStepMilliseconds: Int64 = 250
    /// Events that one step of a check reads: some ten milliseconds.
    package static let checkEvents = 1000
    /// Rows that one step of a check compares, each with an event: some ten milliseconds.
    package static let checkRows = 250
    /// Finished operations that are remembered, with their findings.
    package static let finishedOperations = 100
    /// Operations that go on at once, of which pace and log are remembered: a scheduled scrub, and one of all others.
    package static let operationPaces = 2
    /// Bytes of an operation's own parameters.
    package static let operationParameterBytes = 255
    /// Milliseconds between two looks at what may have changed: the vault's key, a pause, a wait.
    package static let operationPollMilliseconds: Int64 = 100
    /// Milliseconds before a step is tried again that the store or the inspectors could not do.
    package static let operationRetryMilliseconds: Int64 = 1000
    /// Seconds that one request may wait for an operation to end: less than a silent connection lives.
    package static let operationWaitSeconds = 20
    /// Percent of the time that operations work by default; the rest is left to requests.
    package static let operationShare = 25

    /// Seconds within which a request is approved or lapses.
    package static let approvalSeconds: Int64 = 24 * 3600
    /// Bytes of a request's words that an approver reads: a list of scopes is the longest.
    package static let guardedWordsBytes = 1024
    /// Requests that may wait for approval at once: more than two admins can look at.
    package static let approvalsWaiting = 1000
    /// Images that one scrub puts under quarantine: a disk that is not mounted is no archive full of damage.
    package static let scrubQuarantines = 32
    /// Images that one step of a scrub opens at most: each step is an event, and all images come by again and again.
    package static let scrubStepImages = 256
    /// Percent of the time that a scheduled scrub works where the settings do not say.
    package static let scrubShare = 10
    /// Days between the beginnings of two scheduled scrubs, and where the settings do not say; 0 is never.
    package static let scrubDays = 0...365
    package static let scrubDaysUnlessSaid = 7
    /// Guarded requests of one person that wait, or are approved and not sent: one alone fills no list for others.
    package static let approvalsEach = 32
    /// Backups that are registered at once: a month of hourly ones, and more than anyone looks after. One
    /// that forbids nothing any more makes room.
    package static let backups = 1000
    /// Backups that one destruction of an epoch may give up.
    package static let strandedBackups = 64
    /// Bytes of what an admin says of a backup, a copy of the keyring or a hold.
    package static let adminNoteBytes = 200
    /// Days for which a backup may be wanted.
    package static let backupDays = 1...36_500
    /// Lapsed and used requests that are removed with each one that is made.
    package static let approvalSweep = 100
}
