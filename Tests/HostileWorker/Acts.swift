// What a worker that was taken over might try. Each act returns 0 when it got its way, else errno.

import Glibc

enum Acts {
    static func perform(_ act: String) -> Int32 {
        switch act {
        case "open-file": openFile("/etc/passwd", O_RDONLY)
        case "make-file": openFile("/tmp/imagevault-hostile-\(getpid())", O_CREAT | O_WRONLY)
        case "connect": connectOut()
        case "spawn": spawn()
        case "thread": startThread()
        case "signal-parent": kill(getppid(), SIGTERM) == 0 ? 0 : errno
        case "map-code": mapCode()
        case "allocate": allocate(bytes: 1 << 30)
        case "spin": spin()
        case "exit": quit()
        case "trap": trap()
        default: EINVAL
        }
    }

    private static func openFile(_ path: String, _ flags: Int32) -> Int32 {
        // Swift lends the path's bytes for each call.
        let descriptor = unsafe open(path, flags, 0o600)
        let reason = descriptor >= 0 ? 0 : errno
        if reason == 0 && flags & O_CREAT != 0 { unsafe unlink(path) }
        return reason
    }

    private static func connectOut() -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return errno }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(9).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // The address is a local of the size given.
        let failed = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe connect(
                socket, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(bytes.count))
        }
        return failed == 0 ? 0 : errno
    }

    private static func spawn() -> Int32 {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
        // An empty list of arguments, ended by nil.
        return unsafe posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil)
    }

    private static func startThread() -> Int32 {
        var thread = pthread_t()
        // The thread ends at once and takes no argument.
        return unsafe pthread_create(&thread, nil, { _ in nil }, nil)
    }

    private static func mapCode() -> Int32 {
        let kind = MAP_PRIVATE | MAP_ANONYMOUS
        // Nothing is ever run there.
        let page = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, kind, -1, 0)
        return unsafe page == MAP_FAILED ? errno : 0
    }

    private static func allocate(bytes: Int) -> Int32 {
        // Touched, so that it counts; never freed.
        guard let memory = unsafe malloc(bytes) else { return errno }
        unsafe memset(memory, 1, bytes)
        return 0
    }

    private static func spin() -> Int32 {
        var turns: UInt64 = 0
        while turns < .max { turns &+= 1 }
        return 0
    }

    private static func quit() -> Int32 { exit(0) }

    private static func trap() -> Int32 {
        let none: [Int32] = []
        return none[none.count]
    }
}
