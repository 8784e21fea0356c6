// vaultd's side of the launcher: the process, started before there are keys, that starts workers.
// It inherits one socket and nothing else: no other descriptor, no environment, no signal mask.
// When it is gone no worker can be started again; it is not restarted beside an unsealed vault.

import CVaultSystem
import Glibc
import Synchronization
import VaultFormat

final class WorkerLauncher: Sendable {
    private let socket: Descriptor
    private let process: Descriptor
    private let pid: pid_t
    /// One question at a time; true once the end has been waited for.
    private let ended = Mutex(false)

    init(executable: String) throws(InspectorPoolError) {
        let ends = try Self.socketPair()
        socket = ends.ours
        pid = try Self.spawn(executable, socket: ends.theirs.raw)
        // Nobody has waited for it, so the pid is still its own.
        let pidfd = vault_pidfd_open(pid)
        guard pidfd >= 0 else {
            let reason = errno
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw .launcherFailed(errno: reason)
        }
        process = Descriptor(owning: pidfd)
    }

    deinit { end() }

    /// Starts a worker and waits for it to be ready.
    func startWorker() throws(WorkerFault) -> (process: WorkerProcess, greeting: WorkerGreeting) {
        let worker = try launch()
        return (worker, try worker.awaitGreeting())
    }

    /// Starts a worker and waits for nothing.
    func launch() throws(WorkerFault) -> WorkerProcess {
        try ended.withLock { over throws(WorkerFault) in
            guard !over else { throw .notStarted(errno: ESHUTDOWN) }
            return try requestWorker()
        }
    }

    var isAlive: Bool { !process.waitReadable(until: Deadline(milliseconds: 0)) }

    /// Closes the question's end and waits: the launcher exits at once, by force if need be.
    func end() {
        ended.withLock { over in
            guard !over else { return }
            over = true
            shutdown(socket.raw, Int32(SHUT_RDWR))
            if !process.waitReadable(until: Deadline(milliseconds: 1_000)) {
                _ = vault_pidfd_signal(process.raw, SIGKILL)
            }
            // No status is wanted; this is the only place that waits for this pid.
            while waitpid(pid, nil, 0) < 0 && errno == EINTR { continue }
        }
    }

    private func requestWorker() throws(WorkerFault) -> WorkerProcess {
        let request = Self.message(UInt8(VAULT_LAUNCH_PLEASE))
        var head = [UInt8](repeating: 0, count: Int(VAULT_LAUNCH_BYTES))
        var passed = [Int32](repeating: -1, count: Int(VAULT_LAUNCH_DESCRIPTORS))
        var count = passed.count
        // Lengths are those of the arrays, and nothing is kept beyond the calls.
        let sent = unsafe vault_send_descriptors(socket.raw, request, request.count, nil, 0)
        guard sent == 0 else { throw .notStarted(errno: errno) }
        let received = unsafe vault_receive_descriptors(
            socket.raw, &head, head.count, &passed, &count,
            Int32(clamping: Limits.workerStartMilliseconds))
        guard received == 0 else { throw .notStarted(errno: errno) }
        let owned = passed.prefix(count).map(Descriptor.init(owning:))
        guard head == Self.message(UInt8(VAULT_LAUNCH_STARTED)), owned.count == passed.count else {
            throw .notStarted(errno: Int32(head[6]) << 8 | Int32(head[7]))
        }
        return WorkerProcess(socket: owned[0], process: owned[1])
    }

    private static func message(_ kind: UInt8) -> [UInt8] { [0x49, 0x56, 0x4C, 1, kind, 0, 0, 0] }
}

extension WorkerLauncher {
    private static func socketPair() throws(InspectorPoolError) -> (
        ours: Descriptor, theirs: Descriptor
    ) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        // The array has the two places that socketpair fills.
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw .launcherFailed(errno: errno)
        }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    private static func spawn(
        _ executable: String, socket: Int32
    ) throws(InspectorPoolError) -> pid_t {
        var pid: pid_t = 0
        let failed = unsafe vault_spawn_launcher(executable, socket, &pid)
        guard failed == 0 else { throw .launcherFailed(errno: failed) }
        return pid
    }
}
