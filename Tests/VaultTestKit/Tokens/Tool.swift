import Foundation
import Glibc

/// A program that came with a token. It inherits three descriptors and the variables that it is given.
enum Tool {
    /// Runs a program to its end.
    ///
    /// - Parameter variables: `NAME=value`.
    /// - Throws: ``ToolFailure`` with what it said, unless it ended well.
    static func run(_ name: String, _ arguments: [String], _ variables: [String]) throws {
        let directory = try TemporaryDirectory()
        let words = directory.path("words")
        let pid = try start(name, arguments, variables, words: words)
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0 && errno == EINTR { continue }
        guard status == 0 else {
            let said = (try? String(contentsOfFile: words, encoding: .utf8)) ?? ""
            throw ToolFailure("\(name) \(status): \(said)")
        }
    }

    /// Starts a program. Whoever does waits for it.
    static func start(
        _ name: String, _ arguments: [String], _ variables: [String] = [],
        words: String = "/dev/null"
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let created = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, words, created, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // What other tests wait for the end of must not be kept open; one that is not there is no error.
        for other in 3..<Int32(256) {
            unsafe posix_spawn_file_actions_addclose(&actions, other)
        }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        // C strings that live until the process is started.
        var argv = unsafe ([name] + arguments).map { unsafe strdup($0) } + [nil]
        var envp = unsafe (["PATH=\(path)"] + variables).map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let failure = unsafe posix_spawnp(&pid, name, &actions, nil, &argv, &envp)
        guard failure == 0 else { throw ToolFailure("\(name) was not started: \(failure)") }
        return pid
    }
}

struct ToolFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
