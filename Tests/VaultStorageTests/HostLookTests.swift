// What is read of the kernel's own files, and of files on a disk.

import Foundation
import Glibc
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("A look at the machine")
struct HostLookTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func write(_ text: String, to path: String) throws {
        let url = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private var look: HostLook {
        HostLook(
            kernel: KernelFiles(processes: folder.path("proc"), system: folder.path("sys")))
    }

    @Test("swap is encrypted where the device mapper says so, and of a file nobody knows")
    func swaps() throws {
        try write(
            "Filename\t\t\tType\t\tSize\n/dev/dm-1 partition 9 0 -2\n/dev/dm-2 partition 9 0 -2\n"
                + "/dev/zram0 partition 9 0 100\n/swap\\040file file 9 0 -3\n/dev/sda2 partition "
                + "9 0 -2\n",
            to: "proc/swaps")
        try write("CRYPT-PLAIN-swap\n", to: "sys/block/dm-1/dm/uuid")
        try write("LVM-abc\n", to: "sys/block/dm-2/dm/uuid")
        #expect(
            look.swaps() == [
                SwapFacts(name: "/dev/dm-1", isEncrypted: true),
                SwapFacts(name: "/dev/dm-2", isEncrypted: false),
                SwapFacts(name: "/dev/zram0", isEncrypted: false, isMemory: true),
                SwapFacts(name: "/swap\\040file", isEncrypted: nil),
                SwapFacts(name: "/dev/sda2", isEncrypted: false),
            ])
        try FileManager.default.removeItem(atPath: folder.path("proc/swaps"))
        #expect(look.swaps() == nil)
    }

    @Test("limits and locked memory are the process's own")
    func process() throws {
        try write("Name:\tx\nVmLck:\t    1032 kB\nSeccomp:\t2\n", to: "proc/self/status")
        try write(
            """
            Limit                     Soft Limit           Hard Limit           Units
            Max core file size        0                    unlimited            bytes
            Max locked memory         8388608              8388608              bytes
            Max open files            unlimited            4096                 files

            """, to: "proc/self/limits")
        try write("|/x %P\n", to: "proc/sys/kernel/core_pattern")
        let facts = look.process()
        #expect(facts.lockedBytes == 1032 * 1024 && facts.lockLimit == 8 << 20)
        #expect(facts.coreLimit == 0 && facts.isDumpable != nil)
        #expect(facts.corePattern == "|/x %P")
        try write(
            "Limit\nMax core file size        unlimited            unlimited            bytes\n",
            to: "proc/self/limits")
        #expect(look.process().coreLimit == .max && look.process().lockLimit == nil)
    }

    @Test("the real kernel says all of it")
    func kernel() {
        let (look, facts) = (HostLook(), HostLook().process())
        #expect(look.swaps() != nil && look.clock() != nil)
        #expect(facts.lockedBytes != nil && facts.coreLimit != nil && facts.corePattern != nil)
    }

    @Test(
        "a state directory is seen with what lies in it and the directories of blobs, but no blob")
    func state() throws {
        for name in ["catalog.sqlite", "audit.pub", "blobs/00/a", "blobs/ff/b"] {
            try write("x", to: "state/\(name)")
        }
        _ = unsafe chmod(folder.path("state/catalog.sqlite"), 0o640)
        _ = unsafe symlink("/", folder.path("state/link"))
        let root = folder.path("state")
        let found = look.state(root, without: ["\(root)/audit.pub"])
        #expect(
            found.map(\.path)
                == ["", "/blobs", "/catalog.sqlite", "/link", "/blobs/00", "/blobs/ff"].map {
                    root + $0
                })
        #expect(found[2].mode == 0o640 && found[2].uid == getuid() && !found[2].isLink)
        #expect(found[3].isLink)
        #expect(look.file("\(root)/none") == nil)
        let disk = try #require(look.disk(root))
        #expect(disk.place == look.place(of: root) && disk.totalBytes > 0 && !disk.hasReserve)
    }

    @Test("groups asked for at the same time are not taken for each other")
    func groups() async {
        let look = HostLook()
        let names = (UInt32(0)...60).map { ($0, look.groupName($0)) }.filter { $0.1 != nil }
        #expect(names.contains { $0 == (0, "root") } && names.count > 1)
        #expect(look.groupName(.max - 1) == nil)
        await withTaskGroup(of: Int.self) { tasks in
            for task in 0..<8 {
                tasks.addTask {
                    (0..<4000).count { round in
                        let (group, name) = names[(task + round) % names.count]
                        return look.groupName(group) != name
                    }
                }
            }
            for await wrong in tasks { #expect(wrong == 0) }
        }
    }
}
