// The bounds of the command line.

import VaultFormat

extension Limits {
    /// Seconds between two looks of a status that is watched.
    static let watchSeconds = 2
    /// Uploads at once: what two cores can feed without starving the vault.
    static let uploadsAtOnce = 1...16
    /// Files of one `put`: a bound on what is held in memory, about 200 bytes each.
    static let filesOfOneUpload = 1_000_000
    /// How often a busy vault is asked about one file.
    static let triesWhenBusy = 4
    /// Milliseconds: the longest wait between two tries, whatever the vault asks for.
    static let longestWaitMilliseconds = 5000
    /// Milliseconds between two tries to take a directory of backups that another works on.
    static let backupLockLookMilliseconds = 100
    /// How often it is tried, 30 seconds in all: longer than a round of `--follow` usually takes.
    static let backupLockTries = 300
    /// Milliseconds between two looks at a receipt that is waited for: each is an event in the log.
    static let receiptLookMilliseconds = 250
    /// Bytes of evidence that are hashed at a time.
    static let evidencePieceBytes = 1 << 20
    /// Bytes from which one file is worth a progress bar.
    static let progressBytes = 1_000_000
}
