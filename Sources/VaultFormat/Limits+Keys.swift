// Bounds of secrets and of the work that a key file may ask for.

extension Limits {
    /// Bytes of one secret as it is typed or sent: a key file's line, a passphrase, a set of shares.
    package static let secretBytes = 4096
    /// Secrets that are being sent or used at once: a quarter of the locked memory, so that those who send
    /// slowly leave the rest to the keys.
    package static let secretsAtOnce = 64
    /// Bytes of a file that an auditor checks as a whole: a statement has under a kilobyte.
    package static let verifiedFileBytes = 1 << 20
    /// Signatures of one note that a verifier looks at.
    package static let noteSignatures = 16

    /// Keys that are wrapped anew in one change: it holds the writer for a few milliseconds.
    package static let rewrapBatch = 1000
    /// References that get new keys in one change: it holds the writer for a few milliseconds.
    package static let rekeyBatch = 250
    /// How often a reading looks again for the blob of an image that was sealed anew meanwhile.
    package static let reopenings = 3
    /// Seconds between two looks whether the primary epoch is older than the settings want.
    package static let rotationCheckSeconds: Int64 = 60
    /// Seconds after a walk over the keys that failed or was cancelled before the schedule begins another:
    /// what was wrong takes somebody to mend it, and each attempt may leave an epoch and an operation.
    package static let rotationRetrySeconds: Int64 = 3600
    /// Days between two rotations that the settings may ask for.
    package static let rotationDays = 1...3650

    /// Bytes of a passphrase: fewer are guessed, however well they are stretched.
    package static let passphraseBytes = 8...1024

    /// Shares that open a slot: one alone would be a key file, and more people than this do not meet.
    package static let sharesNeeded = 2...16
    /// Shares of a slot at most: all of them fit into one secret, so that they can be checked together.
    package static let shares = 24
    /// Seconds that shares wait for the next one, in the vault's memory: time for the next person to come.
    package static let shareSeconds: Int64 = 15 * 60
    /// Seconds that a challenge to a recovery key waits for its answer: time to go to the safe and back.
    package static let challengeSeconds: Int64 = 60 * 60
    /// Challenges that wait at once.
    package static let challenges = 8
    /// Days after which a slot's proof is too old to rely on, and `status` warns: a quarter, in which a safe
    /// is opened once, and a recovery key is not lost for long.
    package static let slotProofDays = 90

    /// Passes of Argon2id that a key file may ask for. A hostile file gets seconds, not hours.
    package static let stretchPasses: ClosedRange<UInt32> = 1...12
    /// Memory of Argon2id that a key file may ask for, in KiB: from what test vectors use to 512 MiB,
    /// which a small machine has to spare for one child.
    package static let stretchKibibytes: ClosedRange<UInt32> = 64...512 << 10
    /// Seconds that the child gets: ten times what the largest parameters need on a slow core.
    package static let stretchSeconds = 60
    /// Such children at once: memory for one is what the machine has to have.
    package static let stretchProcesses = 1

    /// Seconds that a token gets: several times what a TPM needs to make its storage root key anew.
    package static let tokenSeconds = 60
    /// Bytes of a question to a token: paths, names and variables out of the configuration.
    package static let tokenQuestionBytes = 16 << 10
    /// Variables that a module may be given, and bytes of one: a question has room for them.
    package static let tokenVariables = 16
    package static let tokenVariableBytes = 512
    /// Milliseconds until a child that was killed is gone: the kernel has no more to do than to end it.
    package static let slotChildEndMilliseconds = 2000
    /// Seconds between two looks for shares and challenges that waited too long.
    package static let attemptSweepSeconds = 60
}
