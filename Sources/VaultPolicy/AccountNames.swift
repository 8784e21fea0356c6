// Users and groups by name, as the system knows them.

import Glibc

/// Whom a name means.
package protocol AccountNames: Sendable {
    func user(_ name: String) -> UInt32?
    func group(_ name: String) -> UInt32?
}

/// The users and groups of this machine, getpwnam(3).
package struct SystemAccounts: AccountNames {
    package init() {}

    package func user(_ name: String) -> UInt32? {
        // The entry is read before the next call that may use its room: the settings are read by the start alone,
        // a policy by one reload at a time.
        unsafe getpwnam(name).map { unsafe $0.pointee.pw_uid }
    }

    package func group(_ name: String) -> UInt32? {
        unsafe getgrnam(name).map { unsafe $0.pointee.gr_gid }
    }
}
