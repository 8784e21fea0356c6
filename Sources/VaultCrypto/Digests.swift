// SHA-256 from swift-crypto, which uses the CPU's SHA instructions (libsodium's is five times slower).

import Crypto
package import VaultFormat

/// SHA-256 of bytes that arrive in pieces.
package struct StreamingSHA256: Sendable {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe state.update(bufferPointer: bytes)
    }

    package consuming func finish() -> Digest256 {
        Digest256(checked: Array(state.finalize()))
    }
}

/// The hashes of the log. RFC 6962 §2.1: leaves and nodes start with different bytes.
package enum LogHash {
    package static func digest(_ bytes: [UInt8]) -> Digest256 {
        Digest256(checked: Array(SHA256.hash(data: bytes)))
    }

    /// The hash of a leaf whose content is `SHA-256(salt ‖ body)`: what stays in the log when both are
    /// erased.
    package static func leaf(_ content: Digest256) -> Digest256 {
        digest([0] + content.bytes)
    }

    /// What the tree is made of: a hash of salt and body.
    package static func content(salt: [UInt8], body: ArraySlice<UInt8>) -> Digest256 {
        var hash = SHA256()
        hash.update(data: salt)
        hash.update(data: body)
        return Digest256(checked: Array(hash.finalize()))
    }

    package static func node(_ left: Digest256, _ right: Digest256) -> Digest256 {
        digest([1] + left.bytes + right.bytes)
    }

    /// The root of the empty tree.
    package static let empty = digest([])
}

extension InspectionPolicy {
    /// LogFormat §2.
    package var digest: PolicyDigest {
        PolicyDigest(checked: Array(SHA256.hash(data: Array(text.utf8)).prefix(8)))
    }
}
