// Looks at files, process, kernel and disk. It changes nothing, and what it cannot see it leaves out.

import CVaultSystem
import Glibc
package import Vault
import VaultFormat

package struct HostLook: Sendable {
    private let kernel: KernelFiles

    package init(kernel: KernelFiles = KernelFiles()) { self.kernel = kernel }

    // MARK: Files

    /// Nil for what is not there.
    package func file(_ path: String) -> FileFacts? {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { return nil }
        return FileFacts(
            path: path, mode: facts.st_mode & 0o7777, uid: facts.st_uid, gid: facts.st_gid,
            isLink: facts.st_mode & S_IFMT == S_IFLNK, device: UInt64(facts.st_dev))
    }

    /// A directory, what lies in it, and the directories of the blobs.
    package func state(_ directory: String, without names: Set<String>) -> [FileFacts] {
        let top = self.names(in: directory).filter { !names.contains("\(directory)/\($0)") }
        let blobs = self.names(in: "\(directory)/blobs")
        let paths =
            [directory] + top.map { "\(directory)/\($0)" }
            + blobs.map { "\(directory)/blobs/\($0)" }
        return paths.compactMap(file)
    }

    /// The directory that a path lies in.
    package static func directory(of path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/\(parent)"
    }

    private func names(in directory: String) -> [String] {
        guard let opened = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(opened) }
        var names: [String] = []
        // An entry is the library's until the next one is read; its name ends inside it.
        while let entry = unsafe readdir(opened), names.count < Limits.doctorFiles {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { bytes in
                unsafe String(cString: UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    // MARK: Process and kernel

    package func process() -> ProcessFacts {
        var facts = ProcessFacts()
        let status = kernel.pairs("self/status")
        facts.lockedBytes = status["VmLck"].flatMap { Int($0.prefix { $0.isNumber }) }
            .map { $0 * 1024 }
        let limits = kernel.limits("self/limits")
        facts.lockLimit = limits?["Max locked memory"]
        facts.coreLimit = limits.map { $0["Max core file size"] ?? .max }
        let dumpable = vault_is_dumpable()
        facts.isDumpable = dumpable < 0 ? nil : dumpable != 0
        facts.corePattern = line("sys/kernel/core_pattern")
        facts.protectedCores = line("sys/fs/suid_dumpable").flatMap { Int($0) }
        return facts
    }

    private func line(_ path: String) -> String? {
        kernel.text(path)?.split(separator: "\n").first.map { String($0) }
    }

    package func swaps() -> [SwapFacts]? {
        kernel.swaps()?.map { name, kind in
            // The name that the kernel shows leads to the device; that of a mapped one is dm-N.
            let device = String(name.split(separator: "/").last ?? "")
            guard kind == "partition" else { return SwapFacts(name: name, isEncrypted: nil) }
            return SwapFacts(
                name: name,
                isEncrypted: kernel.mapped(device)?.hasPrefix("CRYPT-") ?? false,
                isMemory: device.hasPrefix("zram"))
        }
    }

    package func disk(_ directory: String) -> DiskFacts? {
        var space = statvfs()
        guard unsafe statvfs(directory, &space) == 0, let state = file(directory) else {
            return nil
        }
        var reserve = stat()
        let hasReserve =
            unsafe stat("\(directory)/reserve", &reserve) == 0
            && reserve.st_size >= Limits.reserveBytes
        let block = Int(space.f_frsize)
        return DiskFacts(
            freeBytes: Int(space.f_bavail) * block, totalBytes: Int(space.f_blocks) * block,
            hasReserve: hasReserve, device: state.device)
    }

    /// Asks only: nothing is adjusted.
    package func clock() -> ClockFacts? {
        var microseconds = 0
        // A local that outlives the call.
        let isKept = unsafe vault_clock_is_kept(&microseconds)
        guard isKept >= 0 else { return nil }
        return ClockFacts(isSynchronized: isKept == 1, errorMicroseconds: microseconds)
    }

    package func groupName(_ group: UInt32) -> String? {
        // The answer is the library's, and copied before anybody asks again.
        guard let entry = unsafe getgrgid(group) else { return nil }
        return unsafe String(cString: entry.pointee.gr_name)
    }
}
