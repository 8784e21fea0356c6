// What the kernel tells of itself and of processes, in its own small files.

import Glibc
import VaultFormat

package struct KernelFiles: Sendable {
    let processes: String
    let system: String

    /// - Parameters: where these file systems are; elsewhere only in a test.
    package init(processes: String = "/proc", system: String = "/sys") {
        self.processes = processes
        self.system = system
    }

    /// A file below `/proc`; nil where it cannot be read.
    package func text(_ path: String) -> String? { Self.read("\(processes)/\(path)") }

    /// Its lines of the form `Name: value`.
    package func pairs(_ path: String) -> [String: String] {
        (text(path) ?? "").split(separator: "\n").reduce(into: [:]) { pairs, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return }
            pairs[String(parts[0])] = parts[1].filter { $0 != "\t" && $0 != " " }
        }
    }

    /// The soft limits of a process; those that are none are missing.
    package func limits(_ path: String) -> [String: Int]? {
        guard let text = text(path) else { return nil }
        return text.split(separator: "\n").dropFirst().reduce(into: [:]) { limits, line in
            // Names have single spaces, columns more.
            guard let end = line.firstRange(of: "  ") else { return }
            let value = line[end.upperBound...].drop { $0 == " " }.prefix { $0 != " " }
            limits[String(line[..<end.lowerBound])] = Int(value)
        }
    }

    /// The process behind a pidfd.
    func pid(behind pidfd: Int32) -> pid_t? {
        pairs("self/fdinfo/\(pidfd)")["Pid"].flatMap { pid_t($0) }
    }

    /// The areas of swap; nil where the kernel does not say.
    package func swaps() -> [(name: String, kind: String)]? {
        guard let text = text("swaps") else { return nil }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.count >= 2 ? (String(words[0]), String(words[1])) : nil
        }
    }

    /// What the device mapper says that a device is, as `CRYPT-…`; nil for any other device.
    package func mapped(_ device: String) -> String? {
        Self.read("\(system)/block/\(device)/dm/uuid")
    }

    static func read(_ path: String) -> String? {
        // The path is lent for the call.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Limits.kernelFileBytes)
        var count = 0
        while count < bytes.count {
            // Inside the array: `count` is below its length.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
