// Room that is kept: a file of which every block is there already. Giving it back is unlinking it.

import Glibc
import Vault
import VaultFormat

package struct ReserveFile: SpaceReserve {
    private let path: String
    private let directory: String

    package init(directory: String) {
        self.directory = directory
        path = "\(directory)/reserve"
    }

    /// Whether there is anything to give back.
    package var isTaken: Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 && facts.st_size > 0
    }

    package func release() { unsafe unlink(path) }

    package func take() -> Bool {
        var facts = stat()
        if unsafe stat(path, &facts) == 0, facts.st_size >= Limits.reserveBytes { return true }
        guard hasRoom else { return false }
        let file = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(Limits.reserveBytes)) == 0 else {
            release()
            return false
        }
        return true
    }

    /// Whether the reserve leaves something beside it.
    private var hasRoom: Bool {
        var space = statvfs()
        guard unsafe statvfs(directory, &space) == 0 else { return false }
        let free = Int(space.f_bavail) * Int(space.f_frsize)
        return free >= Limits.reserveBytes + Limits.reserveMarginBytes
    }
}
