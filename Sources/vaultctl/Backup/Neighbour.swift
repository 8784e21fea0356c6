// A program that lies beside this one.

import Foundation
import Glibc

struct Neighbour {
    let path: String
    private let name: String

    init(_ name: String) {
        self.name = name
        var room = [CChar](repeating: 0, count: Int(PATH_MAX))
        // The kernel writes at most so many bytes.
        let count = unsafe readlink("/proc/self/exe", &room, room.count)
        let own = String(
            decoding: room.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = own.prefix(through: own.lastIndex(of: "/") ?? own.startIndex) + name
    }

    /// Goes on as that program. Comes back only where it cannot be started.
    ///
    /// - Throws: ``BackupFailure``.
    func become(_ words: [String]) throws -> Never {
        // Words that live until the other program takes their place.
        var list = unsafe ([name] + words).map { unsafe strdup($0) } + [nil]
        _ = unsafe execv(path, &list)
        throw BackupFailure("\(path) cannot be started: \(unsafe String(cString: strerror(errno)))")
    }

    /// Runs it to its end, with what it says on standard output.
    func run(_ words: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
