// Which program is at the other end. A number of a process may be another's by the time that its files are read:
// the descriptor that the kernel gives of the process itself tells whether it was.

import Glibc
import VaultFormat

extension PeerProcess {
    /// `SO_PEERPIDFD`, since Linux 6.5; not in every header.
    private static let peerDescriptor: Int32 = 77

    /// Reads what the kernel tells of the peer (unix(7), proc(5)): a few microseconds, and no device.
    ///
    /// - Returns: nil where the kernel is older, or the process ended meanwhile.
    init?(socket: Int32, pid: Int32) {
        var process: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard pid > 0,
            unsafe getsockopt(socket, SOL_SOCKET, Self.peerDescriptor, &process, &length) == 0,
            process >= 0
        else { return nil }
        defer { close(process) }
        self.init(
            executable: Self.link("/proc/\(pid)/exe"),
            controlGroups: Self.text("/proc/\(pid)/cgroup"))
        // Only while it lives is its number its own.
        var end = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&end, 1, 0) == 0 else { return nil }
    }

    /// Nil where this process may not see it: another user's, unless it is root that asks.
    private static func link(_ path: String) -> [UInt8]? {
        var room = [CChar](repeating: 0, count: Limits.executableBytes + 1)
        let count = unsafe readlink(path, &room, room.count)
        return count > 0 ? room.prefix(count).map { UInt8(bitPattern: $0) } : nil
    }

    private static func text(_ path: String) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: Limits.controlGroupBytes)
        let count = unsafe read(file, &room, room.count)
        return Array(room.prefix(max(0, count)))
    }
}
