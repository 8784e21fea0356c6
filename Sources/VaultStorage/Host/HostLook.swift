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
            isLink: facts.st_mode & S_IFMT == S_IFLNK)
    }

    /// Where a path leads, name by name, as the kernel goes it (path_resolution(7)); a relative one from where this
    /// process stands.
    package func path(_ path: String) -> PathFacts {
        var facts = PathFacts(path: path, target: nil)
        // The next one last.
        var left = Self.steps(path.hasPrefix("/") ? path : "\(SystemPaths.current ?? "")/\(path)")
        guard let root = file("/") else { return facts }
        var (here, links) = (root, 0)
        func pass(_ found: FileFacts) {
            if !facts.way.contains(found) { facts.way.append(found) }
        }
        while let name = left.popLast() {
            pass(here)
            let next = Self.path(name, in: here.path)
            guard let found = file(next) else { return facts }
            guard found.isLink else {
                here = found
                continue
            }
            links += 1
            guard links <= Limits.doctorLinks, let target = SystemPaths.target(of: next) else {
                return facts
            }
            pass(found)
            if target.hasPrefix("/") { here = root }
            left += Self.steps(target)
        }
        facts.target = here
        facts.place = place(of: here.path)
        return facts
    }

    private static func steps(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.reversed().map { String($0) }
    }

    private static func path(_ name: String, in directory: String) -> String {
        let names = directory.split(separator: "/")
        let all = name == ".." ? names.dropLast() : names + [name[...]]
        return "/" + all.joined(separator: "/")
    }

    /// What a file lies on; nil where there is none.
    package func place(of path: String) -> PlaceFacts? { kernel.place(of: path) }

    /// A directory by its own name, without links; nil where there is none.
    package func directory(_ path: String) -> String? {
        SystemPaths.resolved(path).flatMap { SystemPaths.isDirectory($0) ? $0 : nil }
    }

    /// A directory, what lies in it, and the directories of the blobs.
    package func state(_ directory: String, without names: Set<String>) -> [FileFacts] {
        let top = SystemPaths.names(in: directory).filter {
            !names.contains("\(directory)/\($0)")
        }
        let blobs = SystemPaths.names(in: "\(directory)/blobs")
        let paths =
            [directory] + top.map { "\(directory)/\($0)" }
            + blobs.map { "\(directory)/blobs/\($0)" }
        return paths.compactMap(file)
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
        guard unsafe statvfs(directory, &space) == 0, let place = place(of: directory) else {
            return nil
        }
        var reserve = stat()
        let hasReserve =
            unsafe stat("\(directory)/reserve", &reserve) == 0
            && reserve.st_size >= Limits.reserveBytes
        let block = Int(space.f_frsize)
        return DiskFacts(
            freeBytes: Int(space.f_bavail) * block, totalBytes: Int(space.f_blocks) * block,
            hasReserve: hasReserve, place: place)
    }

    /// Asks only: nothing is adjusted.
    package func clock() -> ClockFacts? {
        var microseconds = 0
        // A local that outlives the call.
        let isKept = unsafe vault_clock_is_kept(&microseconds)
        guard isKept >= 0 else { return nil }
        return ClockFacts(isSynchronized: isKept == 1, errorMicroseconds: microseconds)
    }

    /// Nil for a group that has no name.
    package func groupName(_ number: UInt32) -> String? {
        // Into room of this call: another one at the same time has its own. getgrgid_r(3).
        var count = Limits.accountBytes
        while count <= Limits.mostAccountBytes {
            var room = [CChar](repeating: 0, count: count)
            let (code, name) = unsafe room.withUnsafeMutableBufferPointer { room in
                guard let start = room.baseAddress else { return (EINVAL, String?.none) }
                var entry = unsafe group()
                var found: UnsafeMutablePointer<group>?
                let code = unsafe getgrgid_r(number, &entry, start, room.count, &found)
                // The name is in the room, and copied before that ends.
                return unsafe (code, found.map { unsafe String(cString: $0.pointee.gr_name) })
            }
            if code == 0 { return name }
            guard code == ERANGE else { return nil }
            count *= 4
        }
        return nil
    }
}
