// A program of the admin's choice, with a text on its standard input, once, and with nothing else of the daemon's.
// There is no shell, no variable but PATH, and no descriptor.

import CVaultSystem
import Glibc
import Vault
import VaultFormat

struct CommandRun: Sendable {
    private let words: [String]
    private let seconds: Int

    /// - Parameters:
    ///   - words: a program by its path, and what it is given.
    ///   - seconds: after which it is killed, with all that it started in its process group.
    init(_ words: [String], seconds: Int) {
        precondition(!words.isEmpty, "a command has a program")
        self.words = words
        self.seconds = seconds
    }

    /// Waits for its end. Blocks its thread.
    ///
    /// - Throws: ``StorageError/unavailable(_:)`` unless it ended well.
    func run(_ text: String) throws(StorageError) {
        let pid = try spawn(Array(text.utf8))
        guard try status(of: pid) == 0 else { throw .unavailable(ECHILD) }
    }

    /// Beside threads, and without a copy of this process: no key reaches the child.
    private func spawn(_ text: [UInt8]) throws(StorageError) -> pid_t {
        // C strings that live until the process is started.
        let argv = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe argv.forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let failure = unsafe vault_spawn_command(argv, text, text.count, &pid)
        guard failure == 0 else { throw .unavailable(failure) }
        return pid
    }

    /// Waits for its end, for so long only.
    private func status(of pid: pid_t) throws(StorageError) -> Int32 {
        if let status = try status(of: pid, within: .seconds(seconds)) { return status }
        kill(-pid, SIGKILL)
        // One that waits for a device does not end by that; it is left to the end of this process.
        _ = try status(of: pid, within: .seconds(1))
        throw .unavailable(ETIMEDOUT)
    }

    /// Nil where it runs on.
    private func status(
        of pid: pid_t, within patience: Duration
    ) throws(StorageError) -> Int32? {
        let deadline = ContinuousClock.now + patience
        var status: Int32 = 0
        while true {
            let ended = unsafe waitpid(pid, &status, WNOHANG)
            if ended == pid { return status }
            guard ended == 0 || errno == EINTR else { throw StorageError(errno: errno) }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(UInt32(Limits.anchorCommandPollMilliseconds) * 1000)
        }
    }
}
