// A process of the test's own: started with nothing but what the test gives it, and always ended.

import Foundation
import Glibc

/// How a process ended.
enum Ending: Hashable {
    case exited(Int32)
    case killed(Int32)
}

final class ChildProcess {
    let pid: pid_t
    private let folder: TestFolder
    private var ending: Ending?

    /// Starts a program with standard input from /dev/null and both outputs into files.
    ///
    /// The program is a path, or a name to be found in PATH. The environment is added to PATH and
    /// HOME, which are all that is inherited.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws {
        folder = try TestFolder()
        var variables = environment
        for name in ["PATH", "HOME"] where variables[name] == nil {
            variables[name] = ProcessInfo.processInfo.environment[name]
        }
        pid = try Self.spawn(
            [program] + arguments, variables.map { "\($0.key)=\($0.value)" },
            output: folder.path("output"), errors: folder.path("errors"))
    }

    deinit {
        if poll() == nil {
            signal(SIGKILL)
            _ = try? wait()
        }
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Kills the process and waits for its end: what it had not written is lost.
    func crash() throws {
        signal(SIGKILL)
        try wait()
    }

    /// - Throws: ``TestFailure`` when the process does not end within the test's patience.
    @discardableResult
    func wait() throws -> Ending {
        try eventually("the end of process \(pid)") { poll() }
    }

    /// How it ended; nil while it runs.
    func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let number = status & 0x7F
        ending = number == 0 ? .exited(status >> 8 & 0xFF) : .killed(number)
        return ending
    }

    var output: String { text("output") }
    var errors: String { text("errors") }
    var outputBytes: [UInt8] { folder.bytes("output") }

    private func text(_ name: String) -> String {
        String(decoding: folder.bytes(name), as: UTF8.self)
    }

    private static func spawn(
        _ arguments: [String], _ variables: [String], output: String, errors: String
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let created = O_WRONLY | O_CREAT | O_TRUNC
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, created, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, created, 0o600)
        // Threads of a pool hold signals back, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // C strings that live until the process is started.
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp = unsafe variables.map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var pid: pid_t = 0
        let failure = unsafe posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard failure == 0 else {
            throw TestFailure("\(arguments[0]): \(unsafe String(cString: strerror(failure)))")
        }
        return pid
    }
}

/// Runs a program to its end.
func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:]
) throws -> (ending: Ending, output: String, errors: String) {
    let child = try ChildProcess(program, arguments, environment: environment)
    let ending = try child.wait()
    return (ending, child.output, child.errors)
}

/// Runs a Python script to its end.
///
/// - Throws: ``TestFailure`` with what it said, unless it ended well.
@discardableResult
func python(_ script: String, _ arguments: [String] = []) throws -> String {
    let (ending, output, errors) = try run("python3", ["-c", script] + arguments)
    guard ending == .exited(0) else { throw TestFailure("python3: \(errors)") }
    return output
}
