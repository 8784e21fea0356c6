// A program that lies beside this one.

import CVaultSystem
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
        // This may be one of the threads that take no signal, and what blocks them would go over.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { _ = signal(number, SIG_DFL) }
        _ = unsafe execv(path, &list)
        throw BackupFailure("\(path) cannot be started: \(unsafe String(cString: strerror(errno)))")
    }

    /// Runs it to its end, with what it says on standard output. It may ask at the terminal, and a signal that ends this
    /// command ends it.
    ///
    /// - Returns: its exit status, or nil where a signal ended it.
    /// - Throws: ``BackupFailure`` where it cannot be started.
    func run(_ words: [String]) throws -> (status: Int32?, output: Data) {
        var list = unsafe ([name] + words).map { unsafe strdup($0) } + [nil]
        defer { for place in unsafe list.indices { unsafe free(list[place]) } }
        let pipe = Pipe()
        var child: pid_t = 0
        let failure = unsafe vault_spawn_neighbour(
            path, &list, pipe.fileHandleForWriting.fileDescriptor, &child)
        guard failure == 0 else {
            throw BackupFailure(
                "\(path) cannot be started: \(unsafe String(cString: strerror(failure)))")
        }
        try pipe.fileHandleForWriting.close()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        var told: Int32 = 0
        while unsafe waitpid(child, &told, 0) < 0, errno == EINTR {}
        return (told & 0x7f == 0 ? told >> 8 & 0xff : nil, output)
    }
}
