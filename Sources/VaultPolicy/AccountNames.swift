// Users and groups by name, as the system knows them.

import Glibc
import VaultFormat

/// Whom a name means.
package protocol AccountNames: Sendable {
    func user(_ name: String) -> UInt32?
    func group(_ name: String) -> UInt32?
}

/// The users and groups of this machine, getpwnam_r(3).
package struct SystemAccounts: AccountNames {
    package init() {}

    package func user(_ name: String) -> UInt32? {
        unsafe Self.look { room, count -> (Int32, UInt32?) in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe getpwnam_r(name, &entry, room, count, &found)
            return unsafe (code, found.map { unsafe $0.pointee.pw_uid })
        }
    }

    package func group(_ name: String) -> UInt32? {
        unsafe Self.look { room, count -> (Int32, UInt32?) in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = unsafe getgrnam_r(name, &entry, room, count, &found)
            return unsafe (code, found.map { unsafe $0.pointee.gr_gid })
        }
    }

    /// Asks into room of this call, so that another one at the same time has its own; with more of it where that is
    /// not enough.
    private static func look(
        _ ask: (UnsafeMutablePointer<CChar>, Int) -> (code: Int32, id: UInt32?)
    ) -> UInt32? {
        var count = Limits.accountBytes
        while count <= Limits.mostAccountBytes {
            var room = [CChar](repeating: 0, count: count)
            let (code, id) = unsafe room.withUnsafeMutableBufferPointer { room in
                unsafe room.baseAddress.map { unsafe ask($0, room.count) } ?? (EINVAL, nil)
            }
            if code == 0 { return id }
            guard code == ERANGE else { return nil }
            count *= 4
        }
        return nil
    }
}
