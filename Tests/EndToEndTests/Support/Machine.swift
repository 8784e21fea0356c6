// What the tests find around them: the programs under test, and what this machine lets a test do.

import Foundation
import Glibc
import VaultTestKit

enum Machine {
    /// The folder of vaultd, vaultctl and vaultinspect: beside the test's own program, unless
    /// `IMAGEVAULT_BIN` names another.
    static let programs: String = {
        if let named = ProcessInfo.processInfo.environment["IMAGEVAULT_BIN"] { return named }
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return (own as NSString?)?.deletingLastPathComponent ?? "."
    }()

    static func program(_ name: String) -> String { "\(programs)/\(name)" }

    static let isRoot = getuid() == 0

    /// Whether a program is found in PATH.
    static func has(_ program: String) -> Bool { hasProgram(program) }

    /// Whether there is a debugger that writes cores.
    static let hasDebugger = has("gcore")

    /// Whether a file system can be mounted, which root in a container often may not.
    static let canMount: Bool = {
        guard isRoot, let folder = try? TestFolder() else { return false }
        guard (try? TemporaryDisk(in: folder, bytes: 1 << 20)) != nil else {
            return false
        }
        return true
    }()
}

/// A small file system in memory, unmounted with its owner and before its folder ends.
final class TemporaryDisk {
    private let folder: TestFolder
    private let path: String

    init(in folder: TestFolder, bytes: Int) throws {
        self.folder = folder
        path = folder.path("disk")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(bytes),mode=0700") == 0 else {
            throw TestFailure("no file system at \(path)")
        }
    }

    deinit { unsafe umount2(path, Int32(MNT_DETACH)) }

    /// Lets nobody write any more, or again.
    func setReadOnly(_ readOnly: Bool, bytes: Int) throws {
        let flags = UInt(MS_REMOUNT) | (readOnly ? UInt(MS_RDONLY) : 0)
        guard unsafe mount("tmpfs", path, "tmpfs", flags, "size=\(bytes)") == 0 else {
            throw TestFailure("\(path) cannot be mounted again: \(errno)")
        }
    }
}
