// Where paths lead, and on which disks that is.

import Foundation
import Glibc
import Testing
import Vault
import VaultFormat
import VaultTestKit

@testable import VaultStorage

@Suite("A path on this machine")
struct HostPathTests {
    private let folder: TemporaryDirectory
    /// As the kernel has it, without links.
    private let root: String

    init() throws {
        folder = try TemporaryDirectory()
        root = try #require(SystemPaths.resolved(folder.root))
    }

    private func directory(_ path: String, mode: mode_t = 0o755) throws {
        try FileManager.default.createDirectory(
            atPath: "\(root)/\(path)", withIntermediateDirectories: true)
        _ = unsafe chmod("\(root)/\(path)", mode)
    }

    private func write(_ text: String, to path: String) throws {
        let url = URL(filePath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func link(_ path: String, to target: String) throws {
        let url = URL(filePath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: url.path, withDestinationPath: target)
    }

    /// What stands on the way below this test's directory.
    private func way(_ facts: PathFacts) -> [String] {
        facts.way.map(\.path).filter { $0.hasPrefix(root + "/") }
            .map { String($0.dropFirst(root.count + 1)) }
    }

    @Test("is followed through links, and every directory and link on the way is seen")
    func links() throws {
        let look = HostLook()
        try write("k", to: "safe/keys/root.key")
        try directory("open", mode: 0o777)
        try link("open/key", to: "../safe/./keys/root.key")
        try link("etc/key", to: "\(root)/open/key")
        let facts = look.path("\(root)/etc/key")
        #expect(facts.target?.path == "\(root)/safe/keys/root.key")
        #expect(facts.target?.isLink == false && facts.place == look.place(of: root))
        #expect(way(facts) == ["etc", "etc/key", "open", "open/key", "safe", "safe/keys"])
        #expect(facts.way.first?.path == "/" && Set(facts.way).count == facts.way.count)
        #expect(facts.way.first { $0.path == "\(root)/open" }?.mode == 0o777)
        #expect(facts.way.filter(\.isLink).map(\.path) == ["\(root)/etc/key", "\(root)/open/key"])
    }

    @Test("that leads nowhere, or in a circle, has its way as far as it goes")
    func ends() throws {
        let look = HostLook()
        try directory("a")
        let missing = look.path("\(root)/a/b/c")
        #expect(missing.target == nil && missing.place == nil && way(missing) == ["a"])
        try link("a/round", to: "round")
        let round = look.path("\(root)/a/round")
        #expect(round.target == nil && way(round) == ["a", "a/round"])
        try write("x", to: "a/file")
        #expect(look.path("\(root)/a/file/more").target == nil)
        try link("a/here", to: ".")
        #expect(look.path("\(root)/a/here/here/file").target?.path == "\(root)/a/file")
        #expect(look.path("/").target?.path == "/")
        #expect(look.path("/../..//.").target?.path == "/")
    }

    // MARK: Places

    /// A kernel whose device has these entries below `/sys`.
    private var kernel: KernelFiles {
        KernelFiles(processes: "\(root)/proc", system: "\(root)/sys")
    }

    private func device(_ name: String, at path: String, number: String) throws {
        try directory("sys/devices/\(path)")
        try link("sys/dev/block/\(number)", to: "../../devices/\(path)")
        try link("sys/class/block/\(name)", to: "../../devices/\(path)")
    }

    private static func number(_ major: UInt64, _ minor: UInt64) -> UInt64 { major << 8 | minor }

    @Test("two partitions are on one disk, and a mapping on the disks of all that it is over")
    func disks() throws {
        for disk in ["sda", "sdb"] {
            let major = disk == "sda" ? 8 : 9
            try device(disk, at: disk, number: "\(major):0")
            for partition in 1...2 {
                try device(
                    "\(disk)\(partition)", at: "\(disk)/\(disk)\(partition)",
                    number: "\(major):\(partition)")
                try write("\(partition)\n", to: "sys/devices/\(disk)/\(disk)\(partition)/partition")
            }
        }
        try device("dm-0", at: "virtual/dm-0", number: "253:0")
        try link("sys/devices/virtual/dm-0/slaves/sda2", to: "../../../sda/sda2")
        try device("dm-1", at: "virtual/dm-1", number: "253:1")
        try link("sys/devices/virtual/dm-1/slaves/dm-0", to: "../../dm-0")
        try link("sys/devices/virtual/dm-1/slaves/sdb1", to: "../../../sdb/sdb1")
        let expected: [(UInt64, UInt64, Set<String>)] = [
            (8, 1, ["sda"]), (8, 2, ["sda"]), (9, 2, ["sdb"]), (253, 0, ["sda"]),
            (253, 1, ["sda", "sdb"]), (8, 0, ["sda"]),
        ]
        for (major, minor, names) in expected {
            #expect(
                kernel.medium(of: Self.number(major, minor), "/") == .disks(names),
                "\(major):\(minor)")
        }
        // What the kernel does not show is not known.
        #expect(kernel.medium(of: Self.number(8, 9), "/") == .unknown)
        try link("sys/devices/virtual/dm-0/slaves/dm-1", to: "../../dm-1")
        #expect(kernel.medium(of: Self.number(253, 0), "/") == .unknown)
    }

    @Test("what has no device is told by what is mounted there")
    func mounts() throws {
        for (place, disk) in ["sdc", "sdd", "sde", "sdf"].enumerated() {
            try device(disk, at: disk, number: "8:\(32 + 16 * place)")
        }
        for (volume, disk) in [("one", "sdc"), ("two", "sdd"), ("two", "sde")] {
            try link("sys/fs/btrfs/\(volume)/devices/\(disk)", to: "../../../../devices/\(disk)")
        }
        try write(
            """
            20 1 0:30 / / rw - overlay overlay rw
            21 20 0:31 / /run rw,nosuid shared:5 - tmpfs tmpfs rw
            22 21 0:32 / /run/credentials/x.service ro - ramfs ramfs rw
            23 20 0:33 / /mnt/far\\040away rw - nfs4 host:/share rw
            24 20 0:34 /sub /srv rw shared:6 master:2 - btrfs /dev/sdc rw
            25 24 0:35 / /srv rw - zfs pool/set rw
            26 24 0:34 /sub /data rw - btrfs /dev/sdc rw
            27 24 0:36 / /pair rw - btrfs /dev/sde rw
            28 24 0:37 / /lone rw - btrfs /dev/sdf rw

            """, to: "proc/self/mountinfo")
        let expected: [(String, PlaceFacts.Medium)] = [
            ("/etc/key", .unknown), ("/run/key", .memory), ("/runner", .unknown),
            ("/run/credentials/x.service/root.key", .memory), ("/mnt/far away/a", .network),
            ("/srv/state", .unknown), ("/data", .disks(["sdc"])),
            ("/pair", .disks(["sdd", "sde"])), ("/lone", .unknown),
        ]
        for (path, medium) in expected {
            #expect(kernel.medium(of: 31, path) == medium, "\(path)")
        }
    }

    @Test("memory is told from a disk by the real kernel")
    func real() throws {
        let look = HostLook()
        #expect(look.place(of: "/dev/shm")?.medium == .memory)
        #expect(look.place(of: "\(root)/none") == nil)
        #expect(look.directory("/proc/self/root/dev/shm/..") != nil)
        #expect(look.directory("/proc/self/status") == nil)
    }
}
