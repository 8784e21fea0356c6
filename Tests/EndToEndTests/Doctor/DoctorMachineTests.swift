// What doctor says of the machine: memory, cores, swap, and disks that fill up.

import Foundation
import Glibc
import Testing

extension DoctorTests {
    @Test(
        "names what an admin can change about a machine, and nothing else",
        .enabled(if: Machine.canMount))
    func machine() throws {
        let patient = try Patient()
        let vault = patient.vault
        let pid = "\(try #require(vault.daemon).pid)"
        func limit(_ words: String) throws {
            let (ending, _, errors) = try run("prlimit", ["--pid", pid, words])
            guard ending == .exited(0) else { throw TestFailure("prlimit: \(errors)") }
        }
        try check(
            patient,
            [
                Plant("locked-memory", "warning", "a limit") {
                    try limit("--memlock=4096:")
                } undo: {
                    try limit("--memlock=2097152:")
                }
            ])
        // A limit of 0 on core files may be raised by who has a capability that containers lack.
        if (try? limit("--core=unlimited")) != nil {
            #expect(try patient.found() == patient.expected(with: "core-files", "failure"))
            try limit("--core=0")
        }
        // Seen by this daemon alone: a name space of its own, in which other files lie over the kernel's.
        let planted: [(item: String, verdict: String?, [(path: String, text: String)])] = [
            (
                "swap", "warning",
                [
                    (
                        "/proc/swaps",
                        "Filename\tType\tSize\tUsed\tPriority\n/dev/sda9\tpartition\t9\t0\t-2\n"
                    )
                ]
            ),
            // Of a process that is not dumpable no program gets a core.
            (
                "core-pattern", nil,
                [
                    ("/proc/sys/kernel/core_pattern", "|/usr/bin/collect %P\n"),
                    ("/proc/sys/fs/suid_dumpable", "2\n"),
                ]
            ),
        ]
        for (item, verdict, files) in planted where patient.isWellHere(item) {
            try vault.stop()
            var script = "set -e; "
            for (number, file) in files.enumerated() {
                let lie = vault.folder.path("lie\(number)")
                try Disk.write(file.text, to: lie)
                script += "mount --bind \(lie) \(file.path); "
            }
            vault.wrapper = ["unshare", "-m", "sh", "-c", script + "exec \"$@\"", "sh"]
            try vault.start(arguments: patient.arguments)
            #expect(try patient.found() == patient.expected(with: item, verdict), "\(item)")
            vault.wrapper = []
        }
    }

    @Test(
        "names a disk that fills, and a log that could not be written",
        .enabled(if: Machine.canMount))
    func disks() throws {
        let folder = try TestFolder()
        let bytes = 64 << 20
        let disk = try TemporaryDisk(in: folder, bytes: bytes)
        defer { withExtendedLifetime(disk) {} }
        let patient = try Patient(stateDirectory: folder.path("disk/state"), in: folder)
        let filler = folder.path("disk/filler")
        func fill(_ percentLeft: Int) throws {
            var space = statvfs()
            guard unsafe statvfs(folder.path("disk"), &space) == 0 else {
                throw TestFailure("statvfs")
            }
            let free = Int(space.f_bavail) * Int(space.f_frsize)
            try Disk.write(
                [UInt8](repeating: 0, count: free - bytes * percentLeft / 100), to: filler)
        }
        try check(
            patient,
            [("warning", 7), ("failure", 2)].map { verdict, left in
                Plant("disk-room", verdict, "\(left) % left") {
                    try fill(left)
                } undo: {
                    try Disk.remove(filler)
                }
            })
        // To the last byte, until the vault says that it is full, and room again.
        try fill(0)
        func state() throws -> String? {
            JSON.parse(try patient.vault.vaultctl("status", "--json").output)["log"]["state"].text
        }
        try eventually("a full log") { try state() == "full" }
        try Disk.remove(filler)
        try eventually("a log that goes on") { try state() == "writable" }
        #expect(try patient.found() == patient.expected(with: "outages", "warning"))
    }
}
