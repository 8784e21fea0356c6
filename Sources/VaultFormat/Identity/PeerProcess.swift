/// What the kernel tells of the program that calls. What it does not tell, or at too great a length, is missing.
package struct PeerProcess: Hashable, Sendable {
    /// The path of its executable, as the kernel spells it: ` (deleted)` stands behind one that is gone.
    package let executable: String?
    /// The unit of the system's service manager that it runs in.
    package let unit: String?

    package init(executable: String?, unit: String?) {
        self.executable = executable
        self.unit = unit
    }

    /// - Parameters:
    ///   - executable: a path, as bytes; what is no UTF-8 in it becomes U+FFFD.
    ///   - controlGroups: the text of `/proc/PID/cgroup` (cgroups(7)).
    package init(executable: [UInt8]?, controlGroups: [UInt8]) {
        self.init(
            executable: executable.flatMap {
                (1...Limits.executableBytes).contains($0.count)
                    ? String(decoding: $0, as: UTF8.self) : nil
            },
            unit: Self.unit(controlGroups))
    }

    /// The first part of the path that is no slice, where it is a service or a scope: what lies below is named
    /// by whoever the group was delegated to, and may be any name.
    private static func unit(_ text: [UInt8]) -> String? {
        let paths = text.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        }
        // The one hierarchy, or the service manager's own among several.
        let path =
            paths.first {
                $0.count == 3 && $0[1].elementsEqual("name=systemd".utf8) && $0[2].count > 1
            } ?? paths.first { $0.count == 3 && $0[0].elementsEqual("0".utf8) && $0[1].isEmpty }
        let parts = path?[2].split(separator: UInt8(ascii: "/")).map(Array.init) ?? []
        guard let unit = parts.first(where: { !$0.hasSuffix(".slice") }),
            unit.hasSuffix(".service") || unit.hasSuffix(".scope"),
            unit.count <= Limits.unitBytes, unit.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return String(decoding: unit, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        suffix(text.utf8CodeUnitCount).elementsEqual(text.description.utf8)
    }
}
