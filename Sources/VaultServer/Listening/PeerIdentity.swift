// Who is at the other end, as the kernel tells: the identity at connect(), read once a connection.

import Glibc
package import VaultFormat

/// The peer of a Unix socket.
package struct PeerIdentity: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// A hint only: the process may be gone and its number used again.
    package let pid: Int32
    /// Supplementary groups.
    package let groups: [UInt32]
    /// Its program, where the kernel tells.
    package let process: PeerProcess?

    package init(
        uid: UInt32, gid: UInt32, pid: Int32, groups: [UInt32], process: PeerProcess? = nil
    ) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.groups = groups
        self.process = process
    }

    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// Reads SO_PEERCRED and SO_PEERGROUPS (unix(7)); nil when the kernel does not tell.
    init?(socket: Int32) {
        var credentials = Credentials()
        var length = socklen_t(MemoryLayout<Credentials>.size)
        // The struct has the layout of the kernel's `struct ucred`: three 32-bit numbers.
        guard unsafe getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0,
            length == MemoryLayout<Credentials>.size, let groups = Self.groups(of: socket)
        else { return nil }
        self.init(
            uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, groups: groups,
            process: PeerProcess(socket: socket, pid: credentials.pid))
    }

    private static func groups(of socket: Int32) -> [UInt32]? {
        let peerGroups: Int32 = 59  // SO_PEERGROUPS, since Linux 4.13; not in every header
        var groups = [UInt32](repeating: 0, count: 32)
        for _ in 0..<2 {
            var bytes = socklen_t(groups.count * 4)
            if unsafe getsockopt(socket, SOL_SOCKET, peerGroups, &groups, &bytes) == 0 {
                return Array(groups.prefix(Int(bytes) / 4))
            }
            // ERANGE tells in `bytes` how much room is wanted; 65,536 groups are the kernel's limit.
            guard errno == ERANGE, bytes <= 65_536 * 4 else { return nil }
            groups = [UInt32](repeating: 0, count: Int(bytes) / 4)
        }
        return nil
    }
}

/// Users and groups that a setting names.
package struct DoorAccess: Hashable, Sendable {
    package var users: Set<UInt32>
    package var groups: Set<UInt32>

    package init(users: Set<UInt32>, groups: Set<UInt32> = []) {
        self.users = users
        self.groups = groups
    }

    func admits(_ peer: PeerIdentity) -> Bool {
        guard peer.uid != AccessPolicy.overflowUID else { return false }
        return users.contains(peer.uid) || groups.contains(peer.gid)
            || !groups.isDisjoint(with: peer.groups)
    }
}
