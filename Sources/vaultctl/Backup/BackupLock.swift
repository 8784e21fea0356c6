// Whose a directory of backups is for the moment: one vaultctl's that writes there, or any number's that read. An
// flock(2) of the directory, which ends with the process.

import Glibc
import VaultFormat

final class BackupLock {
    enum Purpose { case reading, writing }

    /// The directory, open.
    let file: CInt

    /// Takes it, once the others are done.
    ///
    /// - Parameter waits: whether they are waited for, so long as ``Limits/backupLockTries`` says.
    /// - Throws: ``BackupFailure``, which is unavailable where others work on it, and `CancellationError`.
    static func taking(
        _ path: String, for purpose: Purpose, waits: Bool = true
    ) async throws -> BackupLock {
        let lock = try BackupLock(path, purpose)
        for attempt in 0..<(waits ? Limits.backupLockTries : 1) {
            if attempt > 0 {
                try await Task.sleep(for: .milliseconds(Limits.backupLockLookMilliseconds))
            }
            if try lock.take(path, purpose) { return lock }
        }
        throw BackupFailure("another vaultctl works on \(path)", .unavailable)
    }

    private init(_ path: String, _ purpose: Purpose) throws {
        // Where something is written no link leads elsewhere.
        let links = purpose == .writing ? O_NOFOLLOW : 0
        file = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | links)
        guard file >= 0 else { throw Self.failure(path) }
        if purpose == .writing { try requireOwn(path) }
    }

    /// What root writes into a directory of somebody else's, as that of the unit for backups, its owner could not read:
    /// he would take it for damaged.
    private func requireOwn(_ path: String) throws {
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw Self.failure(path) }
        guard geteuid() == 0, facts.st_uid != 0 else { return }
        let owner = unsafe getpwuid(facts.st_uid).map { unsafe String(cString: $0.pointee.pw_name) }
        throw BackupFailure(
            "\(path) belongs to \(owner ?? "user \(facts.st_uid)"): start the unit that makes backups there, or run "
                + "this as that user", .notPermitted)
    }

    deinit { close(file) }

    /// - Returns: false where others have it.
    private func take(_ path: String, _ purpose: Purpose) throws -> Bool {
        if flock(file, (purpose == .writing ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw Self.failure(path) }
        return false
    }

    /// Hands it on to the program that takes this one's place.
    func handOn() { _ = fcntl(file, F_SETFD, 0) }

    private static func failure(_ path: String) -> BackupFailure {
        let number = errno
        let reason = unsafe String(cString: strerror(number))
        return BackupFailure(
            "\(path) cannot be used: \(reason)", number == ENOENT ? .notFound : .other)
    }
}
