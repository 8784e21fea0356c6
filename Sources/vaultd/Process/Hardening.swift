// What this process gives up before it holds a key.

import CVaultSystem
import Glibc

enum Hardening {
    /// No core, no tracing by the same user, no privilege through exec, private files.
    ///
    /// - Throws: ``SettingsError`` when the kernel refuses any of it.
    static func apply() throws {
        guard unsafe vault_harden_process("vaultd") == 0 else {
            throw SettingsError("the process could not be hardened")
        }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else {
            throw SettingsError("core files could not be forbidden")
        }
        umask(0o077)
        // A report of a crash would hold registers and memory: end without one.
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
            signal(number, SIG_DFL)
        }
        signal(SIGPIPE, SIG_IGN)
    }

    /// As many descriptors as the hard limit allows: one a connection, one a blob being read.
    ///
    /// - Returns: how many there may be now.
    static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // What POSIX promises, where the kernel does not say.
        guard unsafe getrlimit(files, &limit) == 0 else { return 20 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: unsafe setrlimit(files, &limit) == 0 ? limit.rlim_max : before)
    }
}
