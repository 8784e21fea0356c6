// The calls into libsodium, each a few lines, with lengths checked before the pointers meet.

import CSodium
package import VaultFormat

enum Sodium {
    static let nonceBytes = 24
    static let tagBytes = 16

    /// Random bytes from the kernel. - Precondition: `sodium_init` ran (any ``LockedBytes`` did it).
    static func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) {
        unsafe randombytes_buf(bytes.octets, bytes.count)
    }

    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): ciphertext and tag.
    static func seal(
        _ message: UnsafeRawBufferPointer, associatedData: [UInt8], nonce: [UInt8],
        key: UnsafeRawBufferPointer
    ) -> [UInt8] {
        precondition(nonce.count == nonceBytes && key.count == 32)
        var sealed = [UInt8](repeating: 0, count: message.count + tagBytes)
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed, nil, message.octets,
            UInt64(message.count), associatedData, UInt64(associatedData.count), nil, nonce,
            key.octets)
        precondition(status == 0, "XChaCha20-Poly1305 seals these lengths")
        return sealed
    }

    /// The reverse of ``seal(_:associatedData:nonce:key:)``, into `out`, which is tag bytes shorter.
    static func open(
        _ sealed: UnsafeRawBufferPointer, associatedData: [UInt8], nonce: [UInt8],
        key: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        precondition(nonce.count == nonceBytes && key.count == 32)
        guard sealed.count >= tagBytes, out.count == sealed.count - tagBytes else { throw .refused }
        let status = unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            out.octets, nil, nil,
            sealed.octets, UInt64(sealed.count),
            associatedData, UInt64(associatedData.count), nonce,
            key.octets)
        guard status == 0 else { throw .refused }
    }

    /// Keyed BLAKE2b (RFC 7693) with a 16-byte personalisation.
    static func blake2b(
        key: UnsafeRawBufferPointer, personal: [UInt8], message: [UInt8],
        into out: UnsafeMutableRawBufferPointer
    ) {
        precondition(personal.count == 16 && key.count == 32 && (16...64).contains(out.count))
        let status = unsafe crypto_generichash_blake2b_salt_personal(
            out.octets, out.count, message,
            UInt64(message.count), key.baseAddress, key.count, nil, personal)
        precondition(status == 0, "BLAKE2b takes these lengths")
    }

    /// `key ‖ commitment = BLAKE2b-512(key, personal, message)`: whoever fixes the commitment fixes
    /// the key.
    static func derive<Purpose: KeyPurpose>(
        _: Purpose.Type, from key: UnsafeRawBufferPointer, personal: [UInt8], message: [UInt8]
    ) throws(CryptoError) -> Derived<Purpose> {
        var commitment = [UInt8](repeating: 0, count: 32)
        // 64 bytes of locked memory for the hash's output, wiped when this returns.
        let both = try unsafe LockedBytes(count: 64) { (out) throws(CryptoError) in
            unsafe blake2b(key: key, personal: personal, message: message, into: out)
        }
        try unsafe both.withBytes { (bytes) throws(CryptoError) in
            unsafe commitment = Array(bytes[32..<64])
        }
        let secret = try unsafe Secret<Purpose> { (out) throws(CryptoError) in
            try unsafe both.withBytes { (bytes) throws(CryptoError) in
                unsafe out.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[0..<32]))
            }
        }
        return Derived(key: secret, commitment: commitment)
    }

    /// Compares in constant time.
    static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard one.count == other.count else { return false }
        return unsafe sodium_memcmp(one, other, one.count) == 0
    }

    static func equal(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        unsafe one.count == other.count && sodium_memcmp(one.octets, other.octets, one.count) == 0
    }
}

/// Random bytes and identifiers.
package enum Random {
    /// - Throws: ``CryptoError/libraryUnavailable``.
    package static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard sodium_init() >= 0 else { throw .libraryUnavailable }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { out, filled in
            unsafe Sodium.fillRandom(UnsafeMutableRawBufferPointer(out))
            filled = count
        }
    }

    package static func id<ID: FixedBytes>(_: ID.Type = ID.self) throws(CryptoError) -> ID {
        ID(checked: try bytes(ID.byteCount))
    }
}
