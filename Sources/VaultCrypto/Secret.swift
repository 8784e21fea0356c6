// Keys as types: one owner, one purpose, no way to print or to copy them.

/// What a key may be used for. A key of one purpose does not fit where another is asked for.
package protocol KeyPurpose {}
/// Opens a keyring or the log's key.
package enum RootKey: KeyPurpose {}
/// What a slot's holder has: the content of a key file, or what a passphrase was stretched to.
package enum SlotSecret: KeyPurpose {}
/// The X25519 private key of a slot.
package enum SlotPrivateKey: KeyPurpose {}
/// The key of one blob, or of one reference.
package enum DataKey: KeyPurpose {}
/// Derived: seals a payload, a slot's private key, or the frames of a blob.
package enum SealingKey: KeyPurpose {}

/// A 32-byte key with one owner, wiped when its owner lets go.
package struct Secret<Purpose: KeyPurpose>: ~Copyable, Sendable {
    private let locked: LockedBytes

    package static var byteCount: Int { 32 }

    init(fill: (UnsafeMutableRawBufferPointer) throws(CryptoError) -> Void) throws(CryptoError) {
        locked = try unsafe LockedBytes(count: Self.byteCount, fill: fill)
    }

    /// A new random key.
    package static func random() throws(CryptoError) -> Secret {
        try unsafe Secret { (bytes) throws(CryptoError) in unsafe Sodium.fillRandom(bytes) }
    }

    func withBytes<R: ~Copyable>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe locked.withBytes(body)
    }
}

/// A key derived from another, and the proof of which one it is.
struct Derived<Purpose: KeyPurpose>: ~Copyable {
    let key: Secret<Purpose>
    let commitment: [UInt8]

    consuming func take() -> Secret<Purpose> { key }
}
