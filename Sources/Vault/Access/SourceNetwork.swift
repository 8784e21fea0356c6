import Glibc
package import VaultFormat

/// Where somebody comes from: an IPv4 address, or the 64 bits of an IPv6 network, in which one customer has as many
/// addresses as he likes.
package struct SourceNetwork: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ client: ClientAddress) {
        let text = client.description
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            bytes = Self.bytes(of: four)
            return
        }
        var six = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &six) == 1 else {
            // No address by any reading is one place of its own.
            bytes = Array(text.utf8)
            return
        }
        let whole = Self.bytes(of: six)
        // IPv4 in IPv6 (RFC 4291 §2.5.5.2) is IPv4.
        let isMapped = whole.prefix(10).allSatisfy { $0 == 0 } && whole[10...11] == [0xFF, 0xFF]
        bytes = isMapped ? Array(whole.suffix(4)) : Array(whole.prefix(8))
    }

    private static func bytes<Address>(of address: Address) -> [UInt8] {
        unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
    }
}
