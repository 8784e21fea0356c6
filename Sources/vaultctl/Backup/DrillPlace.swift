// Where a drill restores into: one directory, which is emptied before and after. What a drill left that was killed is a
// whole copy of the vault that no receipt knows of, and goes with the next.

import Foundation
import Glibc

final class DrillPlace {
    private let path: String
    private let lock: CInt
    /// Where the vault comes to be.
    var vault: String { path + "/vault" }

    /// - Throws: ``BackupFailure`` where another drill is on its way, or somebody else's directory lies there.
    init(below base: String) throws {
        path = "\(base)/imagevault-drill"
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure(path) }
        lock = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard lock >= 0 else { throw Self.failure(path) }
        var facts = stat()
        guard unsafe fstat(lock, &facts) == 0, facts.st_uid == geteuid(),
            facts.st_mode & 0o077 == 0
        else {
            close(lock)
            throw BackupFailure(
                "\(path) is somebody else's, or others may look into it: name another place by --directory"
            )
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw BackupFailure("another drill is held in \(path)", .unavailable)
        }
        do {
            try empty()
        } catch {
            close(lock)
            throw BackupFailure("\(path) cannot be emptied of what a drill left: \(error)")
        }
    }

    private func empty() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }

    /// Takes all of it away, and the directory.
    func leave() {
        try? empty()
        unsafe rmdir(path)
        close(lock)
    }

    private static func failure(_ path: String) -> BackupFailure {
        BackupFailure("\(path) cannot be used: \(unsafe String(cString: strerror(errno)))")
    }
}
