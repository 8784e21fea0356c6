// A directory that ends with its owner, and what stands on a disk.

import Foundation
import Glibc
import VaultTestKit

final class TestFolder: Sendable {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    var root: String { directory.root }

    func path(_ name: String) -> String { directory.path(name) }

    func bytes(_ name: String) -> [UInt8] { (try? Disk.read(path(name))) ?? [] }
}

/// Plain work on files.
enum Disk {
    static func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    static func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

    /// The permission bits.
    static func mode(_ path: String) throws -> UInt32 {
        var facts = stat()
        guard unsafe lstat(path, &facts) == 0 else { throw TestFailure("\(path) is not there") }
        return facts.st_mode & 0o7777
    }

    /// Every regular file below a directory, by its whole path.
    static func files(below directory: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: directory) else { return [] }
        return walk.compactMap { $0 as? String }.map { "\(directory)/\($0)" }.filter { path in
            var facts = stat()
            return unsafe lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
        }
    }

    /// Every directory below a directory, itself included.
    static func directories(below directory: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: directory) else { return [] }
        let below = walk.compactMap { $0 as? String }.map { "\(directory)/\($0)" }
        return [directory]
            + below.filter { path in
                var facts = stat()
                return unsafe lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
            }
    }

    /// Flips one bit of the byte at `offset`, counted from the end where it is negative.
    static func flip(_ path: String, at offset: Int) throws {
        var bytes = try read(path)
        let place = offset < 0 ? bytes.count + offset : offset
        guard bytes.indices.contains(place) else { throw TestFailure("\(path) is shorter") }
        bytes[place] ^= 1
        try write(bytes, to: path)
    }
}
