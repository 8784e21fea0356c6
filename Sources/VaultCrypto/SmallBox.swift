// Small sealed texts: nonce, ciphertext and tag of XChaCha20-Poly1305 in one array.

package import VaultFormat

enum SmallBox {
    static func open(
        _ sealed: [UInt8], associatedData: [UInt8], key: UnsafeRawBufferPointer
    ) throws(CryptoError) -> [UInt8] {
        let overhead = Sodium.nonceBytes + Sodium.tagBytes
        // Nothing empty is ever sealed, and an empty array need not have an address.
        guard sealed.count > overhead else { throw .refused }
        var out = [UInt8](repeating: 0, count: sealed.count - overhead)
        try unsafe out.withMutableRawBytes { (out) throws(CryptoError) in
            try unsafe sealed.withRawBytes { (bytes) throws(CryptoError) in
                try unsafe Sodium.open(
                    UnsafeRawBufferPointer(rebasing: bytes[Sodium.nonceBytes...]),
                    associatedData: associatedData, nonce: Array(sealed[..<Sodium.nonceBytes]),
                    key: key, into: out)
            }
        }
        return out
    }
}

extension Secret where Purpose == DataKey {
    /// Seals a reference's body under its own key. ObjectFormat §6.
    package func sealBody(_ body: [UInt8], context: WrapContext) throws(CryptoError) -> [UInt8] {
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let sealed = try unsafe withBytes { (key) throws(CryptoError) in
            unsafe body.withRawBytes { bytes in
                unsafe Sodium.seal(
                    bytes, associatedData: context.bodyData, nonce: nonce, key: key)
            }
        }
        return nonce + sealed
    }

    /// - Throws: ``CryptoError/refused``.
    package func openBody(_ sealed: [UInt8], context: WrapContext) throws(CryptoError) -> [UInt8] {
        try unsafe withBytes { (key) throws(CryptoError) in
            try unsafe SmallBox.open(sealed, associatedData: context.bodyData, key: key)
        }
    }
}
