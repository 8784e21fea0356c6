// A listening port that only this machine reaches. There is no way to say any other address.

import Glibc

/// The addresses that never leave a machine.
package enum LoopbackAddress: String, Sendable, CaseIterable {
    case four = "127.0.0.1"
    case six = "::1"
}

package enum LoopbackSocket {
    private static let backlog: Int32 = 16

    /// - Returns: a close-on-exec descriptor.
    package static func listen(
        at address: LoopbackAddress, port: UInt16
    ) throws(ListenError) -> Int32 {
        let place = "port \(port) of \(address.rawValue)"
        let family = address == .four ? AF_INET : AF_INET6
        let socket = Glibc.socket(
            family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw ListenError("make a socket for", place) }
        do throws(ListenError) {
            var yes: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            // A restart does not wait for the connections of the daemon before.
            _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, size)
            guard bind(socket, address, port) == 0 else { throw ListenError("bind", place) }
            guard Glibc.listen(socket, backlog) == 0 else { throw ListenError("listen at", place) }
        } catch {
            close(socket)
            throw error
        }
        return socket
    }

    /// Whether a socket that somebody else bound is one that only this machine reaches.
    package static func isLoopback(_ socket: Int32) -> Bool {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let told = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &length)
            }
            guard told == 0 else { return false }
            switch Int32(unsafe pointer.pointee.ss_family) {
            case AF_INET:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    // 127.0.0.0/8, in the order of the network.
                    unsafe UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127
                }
            case AF_INET6:
                return unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    unsafe withUnsafeBytes(of: $0.pointee.sin6_addr) { bytes in
                        unsafe bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
                    }
                }
            default: return false
            }
        }
    }

    private static func bind(_ socket: Int32, _ address: LoopbackAddress, _ port: UInt16) -> Int32 {
        switch address {
        case .four:
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return bind(socket, &place)
        case .six:
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            place.sin6_port = port.bigEndian
            place.sin6_addr = in6addr_loopback
            return bind(socket, &place)
        }
    }

    /// `place` is an address of one of the families, and the pointer does not outlive the call.
    private static func bind<Address>(_ socket: Int32, _ place: inout Address) -> Int32 {
        unsafe withUnsafePointer(to: &place) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(socket, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}
