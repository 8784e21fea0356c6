// What a file lies on: the kernel's block devices, followed from partitions, mappings and files that are disks down to
// whole disks, and its list of what is mounted for file systems that have no device of their own.

import Glibc
import Vault
import VaultFormat

extension KernelFiles {
    private static let memory: Set<String> = ["tmpfs", "ramfs"]
    private static let network: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.glusterfs",
    ]

    /// Nil where nothing is there.
    func place(of path: String) -> PlaceFacts? { place(of: path, steps: 0) }

    private func place(of path: String, steps: Int) -> PlaceFacts? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0, let path = SystemPaths.resolved(path) else {
            return nil
        }
        let device = UInt64(facts.st_dev)
        return PlaceFacts(fileSystem: device, medium: medium(of: device, path, steps: steps))
    }

    /// - Parameter path: without links.
    func medium(of device: UInt64, _ path: String, steps: Int = 0) -> PlaceFacts.Medium {
        // As makedev(3) puts them together.
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & ~0xFF
        // File systems without a device have numbers of the major number 0.
        if major != 0, let disks = disks(at: "dev/block/\(major):\(minor)", steps: steps) {
            return .disks(disks)
        }
        guard let (kind, source) = mount(of: path) else { return .unknown }
        if Self.memory.contains(kind) { return .memory }
        if Self.network.contains(kind) { return .network }
        // btrfs names one of its devices, and may have more.
        guard kind == "btrfs", source.hasPrefix("/dev/"),
            let name = (SystemPaths.resolved(source) ?? source).split(separator: "/").last,
            let members = members(ofVolumeOn: String(name))
        else { return .unknown }
        var all: Set<String> = []
        for member in members {
            guard let disks = disks(at: "class/block/\(member)", steps: steps) else {
                return .unknown
            }
            all.formUnion(disks)
        }
        return .disks(all)
    }

    /// The devices of the btrfs volume that has this one; nil where none has.
    private func members(ofVolumeOn device: String) -> [String]? {
        for volume in SystemPaths.names(in: "\(system)/fs/btrfs") {
            let devices = SystemPaths.names(in: "\(system)/fs/btrfs/\(volume)/devices")
            if devices.contains(device) { return devices }
        }
        return nil
    }

    // MARK: Disks

    /// - Parameter path: a device below `/sys`.
    /// - Returns: nil where it cannot be followed to its end.
    private func disks(at path: String, steps: Int) -> Set<String>? {
        SystemPaths.resolved("\(system)/\(path)").flatMap { disks(in: $0, steps: steps) }
    }

    private func disks(in device: String, steps: Int) -> Set<String>? {
        guard steps < Limits.doctorDiskSteps else { return nil }
        let below = SystemPaths.names(in: "\(device)/slaves")
        guard below.isEmpty else {
            var all: Set<String> = []
            for name in below {
                guard let next = SystemPaths.resolved("\(device)/slaves/\(name)"),
                    let disks = disks(in: next, steps: steps + 1)
                else { return nil }
                all.formUnion(disks)
            }
            return all
        }
        if let file = Self.read("\(device)/loop/backing_file")?.split(separator: "\n").first {
            guard case .disks(let disks) = place(of: String(file), steps: steps + 1)?.medium else {
                return nil
            }
            return disks
        }
        let names = device.split(separator: "/")
        guard Self.read("\(device)/partition") == nil else {
            return disks(in: "/" + names.dropLast().joined(separator: "/"), steps: steps + 1)
        }
        return names.last.map { [String($0)] }
    }

    // MARK: Mounts

    /// What is mounted where a path is: the kind of file system, and what it was made from. proc_pid_mountinfo(5).
    private func mount(of path: String) -> (kind: String, source: String)? {
        var (best, found): (Int, (String, String)?) = (-1, nil)
        for line in (text("self/mountinfo") ?? "").split(separator: "\n") {
            guard let dash = line.firstRange(of: " - ") else { continue }
            let fields = line[..<dash.lowerBound].split(separator: " ")
            let more = line[dash.upperBound...].split(separator: " ")
            guard fields.count >= 6, more.count >= 2 else { continue }
            let point = Self.plain(fields[4])
            // One that was mounted over another comes behind it.
            guard point == "/" || path == point || path.hasPrefix(point + "/"), point.count >= best
            else { continue }
            (best, found) = (point.count, (String(more[0]), Self.plain(more[1])))
        }
        return found
    }

    /// Spaces and the like are written as three octal digits.
    private static func plain(_ field: Substring) -> String {
        guard field.contains("\\") else { return String(field) }
        var (bytes, rest) = ([UInt8](), Array(field.utf8)[...])
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(3), as: UTF8.self)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(digits, radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
