// Which program called, as the kernel tells: in the log, and only where that is sure.

import Foundation
import Glibc
import Testing

@Suite("The log says which program called")
struct CallerTests {
    /// Asks who it is, in a process of its own, and lives on until it is told.
    private static let asking = """
        import os, socket, sys
        if len(sys.argv) > 2:
            open(sys.argv[2] + "/cgroup.procs", "w").write(str(os.getpid()))
        door = socket.socket(socket.AF_UNIX)
        door.connect(sys.argv[1])
        door.sendall(b"GET /v1/whoami HTTP/1.1\\r\\nHost: vault\\r\\n\\r\\n")
        assert door.recv(65536).startswith(b"HTTP/1.1 200")
        print(os.readlink("/proc/self/exe"))
        """

    private func last(_ vault: TestVault) throws -> JSON {
        try #require(vault.events().last { $0["action"].text == "identity.read" })
    }

    @Test("by the path of its executable, whatever bytes it has", .enabled(if: hasPeerDescriptors))
    func executable() throws {
        let vault = try TestVault()
        let told = try python(Self.asking, [vault.socket("images")])
        #expect(try last(vault)["executable"].text == told.trimmingCharacters(in: .newlines))
        // A copy under a hostile name.
        let name = vault.folder.path("py\u{202e}\"\\\n\u{1b}[2J")
        let curl = try run("sh", ["-c", "cp \"$(command -v curl)\" \"$0\"", name])
        #expect(curl.ending == .exited(0), "\(curl.errors)")
        let socket = vault.socket("images")
        let asked = try run(name, ["-sf", "--unix-socket", socket, "http://vault/v1/whoami"])
        #expect(asked.ending == .exited(0), "\(asked.errors)")
        #expect(try last(vault)["executable"].text == name)
        let shown = try vault.vaultctl("audit", "tail", "-n", "20", door: "audit")
        #expect(!shown.output.contains("\u{1b}"))
    }

    @Test(
        "by the unit of the system, and not by what lies below it",
        .enabled(if: hasPeerDescriptors && hasControlGroups, "needs root and a control group"))
    func unit() throws {
        let vault = try TestVault()
        let unit = "imagevault-test-\(OwnIdentity.pid).service"
        let group = "\(Self.groups)/\(unit)/nginx.service"
        try FileManager.default.createDirectory(
            atPath: group, withIntermediateDirectories: true)
        defer {
            for path in [group, "\(Self.groups)/\(unit)"] { unsafe rmdir(path) }
        }
        try python(Self.asking, [vault.socket("images"), group])
        #expect(try last(vault)["unit"].text == unit)
    }

    @Test("not while the vault is sealed, and not on a kernel that does not tell")
    func silent() throws {
        let folder = try TestFolder()
        let library = folder.path("oldkernel.so")
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../KillSwitch/oldkernel.c").standardized.path
        let (ending, _, errors) = try run(
            "clang", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        #expect(ending == .exited(0), "\(errors)")
        let vault = try TestVault(environment: ["LD_PRELOAD": library], in: folder)
        _ = try vault.ask("GET", "/v1/whoami")
        let event = try last(vault)
        #expect(event["pid"].number == Int(OwnIdentity.pid))
        #expect(event["executable"] == .null && event["unit"] == .null)
    }

    @Test(
        "not of a caller that was gone when its files were read", .enabled(if: hasPeerDescriptors))
    func gone() throws {
        let vault = try TestVault()
        // The daemon is stopped while somebody connects, asks and ends.
        let daemon = try #require(vault.daemon)
        daemon.signal(SIGSTOP)
        try python(
            """
            import socket, sys
            door = socket.socket(socket.AF_UNIX)
            door.connect(sys.argv[1])
            door.sendall(b"GET /v1/whoami HTTP/1.1\\r\\nHost: vault\\r\\n\\r\\n")
            """, [vault.socket("images")])
        daemon.signal(SIGCONT)
        let event = try eventually("the event") {
            try vault.events().last { $0["action"].text == "identity.read" }
        }
        #expect(event["pid"].number != nil)
        #expect(event["executable"] == .null && event["unit"] == .null)
    }
}

extension CallerTests {
    /// Connects, asks and ends; then another process gets its number, and lives until the first one's parent ends.
    private static let reusing = """
        import os, socket, sys, time
        def forked(body):
            pid = os.fork()
            if pid == 0:
                body()
                os._exit(0)
            return pid
        def ask():
            door = socket.socket(socket.AF_UNIX)
            door.connect(sys.argv[1])
            door.sendall(b"GET /v1/whoami HTTP/1.1\\r\\nHost: vault\\r\\n\\r\\n")
        def wait():
            while os.getppid() == parent: time.sleep(0.05)
        parent = os.getpid()
        caller = forked(ask)
        os.waitpid(caller, 0)
        while True:
            with open("/proc/sys/kernel/ns_last_pid", "w") as last: last.write(str(caller - 1))
            other = forked(wait)
            if other == caller: break
            os.kill(other, 9)
            os.waitpid(other, 0)
        print(caller, flush=True)
        time.sleep(600)
        """

    @Test(
        "not of a process that has the caller's number by then",
        .enabled(if: hasPeerDescriptors && canChooseNumbers, "needs root, to choose a number"))
    func reused() throws {
        let vault = try TestVault()
        let daemon = try #require(vault.daemon)
        daemon.signal(SIGSTOP)
        let child = try ChildProcess("python3", ["-c", Self.reusing, vault.socket("images")])
        let number = try eventually("the number's other process") {
            if child.poll() != nil { throw TestFailure(child.errors) }
            return Int(child.output.trimmingCharacters(in: .newlines))
        }
        daemon.signal(SIGCONT)
        let event = try eventually("the event") {
            try vault.events().last { $0["action"].text == "identity.read" }
        }
        #expect(event["pid"].number == number)
        #expect(event["executable"] == .null && event["unit"] == .null)
        try child.crash()
    }
}

private let canChooseNumbers: Bool = { unsafe access("/proc/sys/kernel/ns_last_pid", W_OK) == 0 }()

/// Where control groups of this machine's one hierarchy can be made.
extension CallerTests {
    fileprivate static let groups =
        Disk.exists("/sys/fs/cgroup/unified/cgroup.procs")
        ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
}

private let hasControlGroups: Bool = {
    unsafe access("\(CallerTests.groups)/cgroup.procs", W_OK) == 0
}()

/// Whether the kernel gives descriptors of the process at the other end of a socket.
private let hasPeerDescriptors: Bool = {
    var ends: [Int32] = [-1, -1]
    // The array has the two places that socketpair fills.
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
        return false
    }
    defer { for end in ends { close(end) } }
    var process: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(ends[0], SOL_SOCKET, 77, &process, &length) == 0 else { return false }
    close(process)
    return true
}()
