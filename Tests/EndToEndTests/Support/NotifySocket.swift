// What a service manager listens on (sd_notify(3)).

import Foundation
import Glibc

final class NotifySocket {
    let path: String
    /// Goes with this.
    private let folder: TestFolder
    private let socket: Int32

    init(in folder: TestFolder) throws {
        self.folder = folder
        path = folder.path("notify")
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = unixAddress(path)
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard socket >= 0, bound == 0 else { throw TestFailure("no socket at \(path)") }
    }

    deinit { close(socket) }

    /// What is said next.
    ///
    /// - Throws: ``TestFailure`` when nothing ever is.
    func next() throws -> String {
        guard let said = said(within: Patience.seconds * 1000) else {
            throw TestFailure("no notification")
        }
        return said
    }

    /// What is said next, or was said already; nil when nothing is within so many milliseconds.
    func said(within milliseconds: Int) -> String? {
        var awaited = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0)]
        guard unsafe poll(&awaited, 1, Int32(milliseconds)) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let got = unsafe recv(socket, &bytes, bytes.count, 0)
        return got > 0 ? String(decoding: bytes[..<got], as: UTF8.self) : nil
    }
}
