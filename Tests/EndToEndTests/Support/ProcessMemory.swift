// What a process holds in memory, as root can read it, and which processes it started.

import Foundation
import Glibc

struct ProcessMemory {
    private let pid: pid_t

    init(of pid: pid_t) { self.pid = pid }

    /// Whether any readable page holds these bytes.
    func holds(_ bytes: [UInt8]) throws -> Bool { try holds(anyOf: [bytes]) != nil }

    /// The first of `needles` that any readable page holds.
    func holds(anyOf needles: [[UInt8]]) throws -> Int? {
        let maps = try Self.text("/proc/\(pid)/maps")
        let memory = unsafe open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw TestFailure("no memory of \(pid): \(errno)") }
        defer { close(memory) }
        let needles = needles.map { Data($0) }
        for line in maps.split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard ends.count == 2, words[1].hasPrefix("r"), !line.hasSuffix("[vvar]") else {
                continue
            }
            let region = Self.read(memory, from: ends[0], to: ends[1])
            if let found = needles.firstIndex(where: { region.range(of: $0) != nil }) {
                return found
            }
        }
        return nil
    }

    /// A file of the kernel's, which has no size and comes a page a read.
    private static func text(_ path: String) throws -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw TestFailure("\(path): \(errno)") }
        defer { close(file) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let got = unsafe Glibc.read(file, &chunk, chunk.count)
            guard got > 0 else { return String(decoding: all, as: UTF8.self) }
            all += chunk[..<got]
        }
    }

    /// What can be read of a region; guard pages cannot.
    private static func read(_ memory: Int32, from start: UInt64, to end: UInt64) -> Data {
        var all = Data()
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var place = start
        while place < end {
            let wanted = min(chunk.count, Int(end - place))
            let got = unsafe pread(memory, &chunk, wanted, off_t(Int64(bitPattern: place)))
            guard got > 0 else { break }
            all.append(contentsOf: chunk[..<got])
            place += UInt64(got)
        }
        return all
    }
}

/// The processes below one.
enum Family {
    /// Children and children's children.
    static func children(of parent: pid_t) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let mine = all.compactMap { pid_t($0) }.filter { parentOf($0) == parent }
        return mine + mine.flatMap { children(of: $0) }
    }

    static func name(of pid: pid_t) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .newlines)
    }

    private static func parentOf(_ pid: pid_t) -> pid_t? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            // The name, which may hold spaces, ends with the last parenthesis.
            let name = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: name)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }
}
