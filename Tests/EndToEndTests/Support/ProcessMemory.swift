// What a process holds in memory, as root can read it, and which processes it started.

import Foundation
import Glibc
import VaultFormat

struct ProcessMemory {
    private let pid: pid_t

    init(of pid: pid_t) { self.pid = pid }

    /// Whether any readable page holds these bytes.
    func holds(_ bytes: [UInt8]) throws -> Bool { try holds(anyOf: [bytes]) != nil }

    /// The first of `needles` that any readable page holds.
    func holds(anyOf needles: [[UInt8]]) throws -> Int? {
        let folder = try TestFolder()
        let list = folder.path("needles")
        try Disk.write(needles.map { Hex.encode($0) }.joined(separator: "\n"), to: list)
        let found = try python(Self.search, ["\(pid)", list])
        guard let number = Int(found.trimmingCharacters(in: .newlines)) else {
            throw TestFailure("the search of \(pid): \(found)")
        }
        return number < 0 ? nil : number
    }

    /// Prints the number of the first needle that is found, or -1. What cannot be read, such as a guard
    /// page, ends its region.
    private static let search = """
        import sys

        needles = [bytes.fromhex(line) for line in open(sys.argv[2])]
        memory = open(f"/proc/{sys.argv[1]}/mem", "rb", 0)
        for line in open(f"/proc/{sys.argv[1]}/maps"):
            words = line.split()
            if not words[1].startswith("r") or words[-1] in ("[vvar]", "[vsyscall]"):
                continue
            place, end = (int(text, 16) for text in words[0].split("-"))
            kept = b""
            while place < end:
                try:
                    memory.seek(place)
                    piece = memory.read(min(end - place, 16 << 20))
                except (OSError, OverflowError):
                    break
                if not piece:
                    break
                place += len(piece)
                kept += piece
                for number, needle in enumerate(needles):
                    if needle in kept:
                        print(number)
                        sys.exit()
                kept = kept[-4096:]
        print(-1)
        """
}

/// A core of a process that goes on running, as the debugger writes one.
struct Core {
    private let path: String

    /// - Parameter whole: with what the process excluded from its cores, too.
    init(of pid: pid_t, whole: Bool, in folder: TestFolder) throws {
        let prefix = folder.path(whole ? "whole" : "core")
        let (ending, output, errors) = try run(
            "gcore", (whole ? ["-a"] : []) + ["-o", prefix, "\(pid)"])
        guard ending == .exited(0) else { throw TestFailure("gcore: \(output) \(errors)") }
        path = "\(prefix).\(pid)"
    }

    /// The first of `needles` that the core holds.
    func holds(anyOf needles: [[UInt8]]) throws -> Int? {
        let list = path + ".needles"
        try Disk.write(needles.map { Hex.encode($0) }.joined(separator: "\n"), to: list)
        let found = try python(Self.search, [path, list])
        guard let number = Int(found.trimmingCharacters(in: .newlines)) else {
            throw TestFailure("the search of \(path): \(found)")
        }
        return number < 0 ? nil : number
    }

    /// Prints the number of the first needle that is found, or -1. Most of a core is zeros.
    private static let search = """
        import sys

        needles = [bytes.fromhex(line) for line in open(sys.argv[2])]
        size, kept = 1 << 20, b""
        with open(sys.argv[1], "rb") as core:
            while piece := core.read(size):
                if piece.count(0) == len(piece):
                    kept = b""
                    continue
                piece = kept + piece
                for number, needle in enumerate(needles):
                    if needle in piece:
                        print(number)
                        sys.exit()
                kept = piece[-4096:]
        print(-1)
        """
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
