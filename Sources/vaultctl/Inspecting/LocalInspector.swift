// A `vaultinspect --lint` of our own: it judges files behind its walls, so that a hostile one meets no
// parser in this process. One that dies over a file is replaced for the next.

import Glibc
import VaultClient
import VaultFormat

/// A process that inspects, one file at a time.
final class LocalInspector {
    private let program: String
    private let policy: InspectionPolicy
    private var child: (pid: pid_t, socket: CInt)?
    private var judged = 0

    init(program: String, policy: InspectionPolicy) {
        self.program = program
        self.policy = policy
    }

    deinit { end() }

    /// Why there is no answer about a file.
    enum Failure: Error {
        case file(ClientError)
        /// The program cannot be started, or did not get ready.
        case notStarted(path: String)
        /// It ended, hung or spoke out of turn over this file.
        case noAnswer
    }

    func inspect(_ item: UploadPlan.Item) throws(Failure) -> LintAnswer {
        let bytes: [UInt8]
        do throws(ClientError) {
            let file = try UploadFile(item.path)
            if let answer = refusal(ofLength: file.length) { return answer }
            bytes = try file.bytes()
        } catch {
            throw .file(error)
        }
        // As a worker: what it gathered does not last.
        if judged >= Limits.workerImagesPerProcess { end() }
        let socket = try started()
        do throws(FormatError) {
            let request = try LintRequest(
                policy: policy, imageBytes: UInt64(bytes.count), name: item.name)
            let isSent = send(request.encoded(), to: socket) && send(bytes, to: socket)
            guard let head = receive(LintAnswer.byteCount, from: socket), isSent else {
                throw .truncated
            }
            judged += 1
            return try LintAnswer(parsing: head)
        } catch {
            end()
            throw .noAnswer
        }
    }

    /// What no inspector has to look at.
    private func refusal(ofLength length: Int) -> LintAnswer? {
        let code: FindingCode? =
            length == 0
            ? .uploadEmpty
            : length > min(policy.maxBytes, Int(Limits.workerImageBytes)) ? .uploadTooLarge : nil
        return code.map {
            LintAnswer(
                type: nil, accepted: nil,
                verdict: Verdict(
                    level: policy.level, inspectorVersion: Verdict.currentInspectorVersion,
                    findings: [Finding(code: $0)], flags: []))
        }
    }

    // MARK: The process

    private func started() throws(Failure) -> CInt {
        if let child { return child.socket }
        var ends: [CInt] = [-1, -1]
        // The kernel writes two descriptors.
        let made = unsafe ends.withUnsafeMutableBufferPointer {
            unsafe socketpair(
                AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, $0.baseAddress)
        }
        guard made == 0 else { throw .notStarted(path: program) }
        defer { close(ends[1]) }
        guard let pid = Self.spawn(program, standardInput: ends[1]) else {
            close(ends[0])
            throw .notStarted(path: program)
        }
        Self.limitWaits(of: ends[0])
        child = (pid, ends[0])
        judged = 0
        // It greets when its walls stand.
        guard let greeting = receive(WorkerGreeting.byteCount, from: ends[0]),
            (try? WorkerGreeting(parsing: greeting))?.stage == .ready
        else {
            end()
            throw .notStarted(path: program)
        }
        return ends[0]
    }

    /// Starts the program with one descriptor, and an empty environment.
    private static func spawn(_ program: String, standardInput: CInt) -> pid_t? {
        var files = unsafe posix_spawn_file_actions_t()
        guard unsafe posix_spawn_file_actions_init(&files) == 0 else { return nil }
        defer { unsafe posix_spawn_file_actions_destroy(&files) }
        unsafe posix_spawn_file_actions_adddup2(&files, standardInput, STDIN_FILENO)
        for standard in [STDOUT_FILENO, STDERR_FILENO] {
            unsafe posix_spawn_file_actions_addopen(&files, standard, "/dev/null", O_WRONLY, 0)
        }
        var pid: pid_t = 0
        // The words are copied for the call and freed after it; both lists end with nil.
        let words = unsafe [strdup("vaultinspect"), strdup("--lint"), nil]
        let environment: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        let failure = unsafe posix_spawn(&pid, program, &files, nil, words, environment)
        return failure == 0 ? pid : nil
    }

    /// A file that takes longer than a worker may is not waited for.
    private static func limitWaits(of socket: CInt) {
        var wait = timeval(tv_sec: Limits.workerDecodeMilliseconds / 1000, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            // The kernel copies the value.
            _ = unsafe setsockopt(
                socket, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    private func end() {
        guard let child else { return }
        close(child.socket)
        kill(child.pid, SIGKILL)
        // Killed a line ago: the wait is short, and nothing is to be learned.
        _ = waitpid(child.pid, nil, 0)
        self.child = nil
        judged = 0
    }

    // MARK: The socket

    private func send(_ bytes: [UInt8], to socket: CInt) -> Bool {
        var sent = 0
        while sent < bytes.count {
            // `rebasing` checks the bounds of what is left.
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return unsafe Glibc.send(
                    socket, rest.baseAddress, rest.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func receive(_ count: Int, from socket: CInt) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            // `rebasing` checks the bounds of what is left.
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                return unsafe recv(socket, rest.baseAddress, rest.count, 0)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}
