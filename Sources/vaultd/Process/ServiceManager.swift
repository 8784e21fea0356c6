// The service manager's side: readiness (sd_notify(3)), how often it wants a sign of life
// (sd_watchdog_enabled(3)), and sockets it handed over (sd_listen_fds(3)).

import Foundation
import Glibc
import VaultAPI
import VaultFormat

enum ServiceManager {
    /// Tells the manager, where there is one: doors are open or closing, the daemon lives.
    static func notify(_ state: String) {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], !path.isEmpty else {
            return
        }
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }  // the abstract namespace
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard name.count <= MemoryLayout.size(ofValue: address.sun_path) else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: name) }
        let socket = Glibc.socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let text = Array(state.utf8)
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(socket, text, text.count, 0, $0, length)
            }
        }
    }

    /// After how long without a sign of life the manager ends this process; nil where it does not.
    static func watchdogInterval(
        _ environment: [String: String] = ProcessInfo.processInfo.environment,
        process: pid_t = getpid()
    ) -> Duration? {
        // A variable that was meant for another process was inherited.
        if let named = environment["WATCHDOG_PID"], named != String(process) { return nil }
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }),
            microseconds > 0
        else { return nil }
        return .microseconds(microseconds)
    }

    /// The names of what is handed over for measures, beside the doors'.
    static let metricsSocket = "metrics.sock"
    static let metricsPort = "metrics.port"

    /// The descriptors that were handed over, by `FileDescriptorName=`: `images.sock`…
    static func adoptedSockets() -> [String: Int32] {
        let environment = ProcessInfo.processInfo.environment
        guard environment["LISTEN_PID"] == String(getpid()),
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), count > 0
        else { return [:] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        let known = Set(Door.allCases.map(\.socketName) + [metricsSocket, metricsPort])
        var adopted: [String: Int32] = [:]
        for (position, name) in names.prefix(Int(count)).enumerated() {
            let descriptor = 3 + Int32(position)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if known.contains(String(name)) { adopted[String(name)] = descriptor }
        }
        return adopted
    }
}
