// Sockets that the service manager bound, and keeps while daemons come and go (sd_listen_fds(3)).

import Foundation
import Glibc
import Testing

@Suite("Sockets of the service manager")
struct ActivationTests {
    @Test("are served, by their names, and are left as they are at the end")
    func served() throws {
        let place = try Place()
        #expect(try place.connect().ask("GET", "/v1/whoami").status == 200)
        #expect(!Disk.exists(place.vault.socket("images")))
        #expect(Disk.exists(place.vault.socket("audit")))
        #expect(try place.end(with: SIGTERM) == "0")
        #expect(Disk.exists(place.socket))
        withExtendedLifetime(place) {}
    }

    @Test(
        "outlive a daemon: who connects meanwhile is answered by the next one",
        arguments: [SIGTERM, SIGKILL])
    func between(signal: Int32) throws {
        let place = try Place()
        #expect(try place.connect().ask("GET", "/v1/whoami").status == 200)
        #expect(try place.end(with: signal) == (signal == SIGTERM ? "0" : "-9"))
        let waiting = try (0..<3).map { _ in try place.connect() }
        for door in waiting { try door.send(Request.bytes("GET", "/v1/health")) }
        try place.begin()
        for door in waiting { #expect(try door.answer()?.status == 200) }
        #expect(try place.connect().ask("GET", "/v1/whoami").status == 200)
        withExtendedLifetime(place) {}
    }

    @Test(
        "end no answer that has begun, and are not taken from by a daemon that stops",
        .enabled(if: Machine.isRoot, "only root sees what a daemon has open"))
    func stopping() throws {
        let place = try Place()
        let image = Sample.jpeg(bytes: 200_000)
        let request = Request.bytes("POST", "/v1/images", [Request.name("a.jpg")], body: image)
        let door = try place.connect()
        try door.send(Array(request.prefix(100_000)))
        try eventually("the upload's connection") {
            try place.vault.ask("GET", "/v1/status", door: "admin").json["connections"].number == 2
        }
        let given = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(place.daemon)/fd/3")
        #expect(try place.sockets.contains(given))
        kill(try place.daemon, SIGTERM)
        try eventually("the end of accepting") { try !place.sockets.contains(given) }
        let late = try place.connect()
        try late.send(Request.bytes("GET", "/v1/health"))
        try door.send(Array(request.dropFirst(100_000)))
        #expect(try door.answer()?.status == 201)
        #expect(try place.ended() == "0")
        try place.begin()
        #expect(try late.answer()?.status == 200)
        withExtendedLifetime(place) {}
    }
}

/// A vault whose images.sock belongs to a process that starts its daemon, and starts it again when it is told to.
private final class Place {
    let vault: TestVault
    private let manager: ChildProcess
    private var turns = 0

    init() throws {
        vault = try TestVault(starting: false)
        manager = try ChildProcess(
            "python3",
            [
                "-c", Self.managing, vault.folder.path("given.sock"), Machine.program("vaultd"),
                vault.configuration,
            ])
        try begun()
    }

    /// Before the folder goes: a daemon that still runs would write into it.
    deinit {
        let isServed = said("ended").count < said("started").count
        if isServed, manager.poll() == nil { _ = try? end(with: SIGKILL) }
    }

    var socket: String { vault.folder.path("given.sock") }

    func connect() throws -> UnixConnection { try UnixConnection(to: socket) }

    /// What the manager said of each daemon that it started, in order.
    private func said(_ word: String) -> [String] {
        manager.output.split(separator: "\n").compactMap {
            $0.hasPrefix("\(word) ") ? String($0.dropFirst(word.count + 1)) : nil
        }
    }

    /// The daemon that runs, or ran last.
    ///
    /// - Throws: ``TestFailure`` where there was none: a signal to process 0 goes to the test itself.
    var daemon: pid_t {
        get throws {
            guard let daemon = said("started").last.flatMap({ pid_t($0) }), daemon > 0 else {
                throw TestFailure("no daemon: \(manager.errors)")
            }
            return daemon
        }
    }

    /// What the daemon has open.
    var sockets: Set<String> {
        get throws {
            let files = FileManager.default
            let folder = "/proc/\(try daemon)/fd"
            return Set(
                try files.contentsOfDirectory(atPath: folder).compactMap {
                    // One may be closed meanwhile.
                    try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
                })
        }
    }

    func begin() throws {
        manager.signal(SIGUSR1)
        try begun()
    }

    private func begun() throws {
        turns += 1
        try eventually("the doors") {
            guard manager.poll() == nil, said("ended").count < turns else {
                throw TestFailure(manager.errors)
            }
            // The daemon may be heard before the manager has said which it is.
            return said("started").count == turns
                && manager.errors.components(separatedBy: "\"serving\"").count > turns
        }
    }

    /// - Returns: the daemon's status; below 0 for a signal.
    func end(with signal: Int32) throws -> String {
        kill(try daemon, signal)
        return try ended()
    }

    func ended() throws -> String {
        try eventually("the daemon's end") { () -> String? in
            let ends = said("ended")
            return ends.count == turns ? ends.last : nil
        }
    }

    /// Binds the socket and keeps it; gives it to one daemon after the other, each of which ends with it.
    private static let managing = """
        import ctypes, os, signal, socket, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        door = socket.socket(socket.AF_UNIX)
        door.bind(sys.argv[1])
        door.listen(16)
        while True:
            pid = os.fork()
            if pid == 0:
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
                os.dup2(os.dup(door.fileno()), 3, inheritable=True)
                os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="images.sock")
                os.execv(sys.argv[2], ["vaultd", "serve", "--config", sys.argv[3]])
            print("started", pid, flush=True)
            print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            signal.sigwait([signal.SIGUSR1])
        """
}
