// Many wraps at a time: from their epoch to the primary one, or opened to see that they open.
//
// One nonce request and one locked place for the batch; each key is in it for the time between
// its opening and its sealing.

import CSodium
package import VaultFormat

/// A wrap, and what it is bound to.
package struct BoundWrap: Hashable, Sendable {
    package let context: WrapContext
    package let bytes: [UInt8]

    package init(context: WrapContext, bytes: [UInt8]) {
        self.context = context
        self.bytes = bytes
    }
}

extension Keyring {
    /// The same keys, wrapped under the primary epoch; nil for what does not open.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func rewrapped(_ wraps: [BoundWrap]) throws(CryptoError) -> [[UInt8]?] {
        guard !wraps.isEmpty else { return [] }
        let nonces = try Random.bytes(wraps.count * Sodium.nonceBytes)
        let target = primaryEpoch
        var moved: [[UInt8]?] = []
        moved.reserveCapacity(wraps.count)
        try unsafe opening(wraps) { (place, key, data) throws(CryptoError) in
            guard let key = unsafe key else {
                moved.append(nil)
                return
            }
            var data = data
            wraps[place].context.move(&data, to: target)
            let start = place * Sodium.nonceBytes
            let nonce = nonces[start..<start + Sodium.nonceBytes]
            moved.append(
                try unsafe withPrimaryKey { (kek) throws(CryptoError) in
                    unsafe Self.seal(key, associatedData: data, nonce: nonce, key: kek)
                })
        }
        return moved
    }

    /// Whether each wrap opens.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func opens(_ wraps: [BoundWrap]) throws(CryptoError) -> [Bool] {
        var open: [Bool] = []
        open.reserveCapacity(wraps.count)
        try unsafe opening(wraps) { (_, key, _) throws(CryptoError) in
            open.append(unsafe key != nil)
        }
        return open
    }

    /// Opens each wrap in turn, and lends its key and its AAD; no key where it does not open.
    private func opening(
        _ wraps: [BoundWrap],
        _ body: (Int, UnsafeRawBufferPointer?, [UInt8]) throws(CryptoError) -> Void
    ) throws(CryptoError) {
        // The locked place is wiped when this ends, whatever was last in it.
        _ = try unsafe LockedBytes(count: KeyFile.keyBytes) { (out) throws(CryptoError) in
            for (place, wrap) in wraps.enumerated() {
                let data = wrap.context.associatedData
                let isOpen = try unsafe open(wrap, associatedData: data, into: out)
                try unsafe body(place, isOpen ? UnsafeRawBufferPointer(out) : nil, data)
            }
        }
    }

    private func open(
        _ wrap: BoundWrap, associatedData: [UInt8], into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) -> Bool {
        guard wrap.bytes.count == WrapContext.wrappedBytes,
            let index = readableIndex(of: wrap.context.epoch)
        else { return false }
        return try unsafe keys.withKey(at: index) { (kek) throws(CryptoError) in
            unsafe wrap.bytes.withUnsafeBytes { bytes in
                unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
                    out.octets, nil, nil, bytes.octets + Sodium.nonceBytes,
                    UInt64(bytes.count - Sodium.nonceBytes), associatedData,
                    UInt64(associatedData.count), bytes.octets, kek.octets) == 0
            }
        }
    }

    /// Nonce, ciphertext and tag in one array.
    private static func seal(
        _ message: UnsafeRawBufferPointer, associatedData: [UInt8], nonce: ArraySlice<UInt8>,
        key: UnsafeRawBufferPointer
    ) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: WrapContext.wrappedBytes) { out, filled in
            _ = unsafe out.update(fromContentsOf: nonce)
            let status = unsafe nonce.withUnsafeBufferPointer { nonce in
                unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
                    UnsafeMutableRawBufferPointer(out).octets + Sodium.nonceBytes, nil,
                    message.octets,
                    UInt64(message.count), associatedData, UInt64(associatedData.count), nil,
                    UnsafeRawBufferPointer(nonce).octets, key.octets)
            }
            precondition(status == 0, "XChaCha20-Poly1305 seals these lengths")
            filled = WrapContext.wrappedBytes
        }
    }
}
