// A file that decides what a process loads: whoever can write it, acts as that process.

import Glibc
import VaultFormat

enum LoadedFile {
    /// Whether it belongs to root or to this user, and nobody else may write it. One that is not there is
    /// no danger: loading it fails.
    static func isOurs(_ path: String) -> Bool {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return true }
        return isOurs(facts)
    }

    static func isOurs(_ facts: stat) -> Bool {
        (facts.st_uid == 0 || facts.st_uid == getuid()) && facts.st_mode & 0o022 == 0
    }

    /// Looks once more, just before it is loaded: the daemon's start may be long ago.
    ///
    /// - Throws: ``TokenFault`` `moduleFailed`.
    static func require(_ path: String) throws(TokenFault) {
        guard isOurs(path) else { throw TokenFault(.moduleFailed) }
    }
}
