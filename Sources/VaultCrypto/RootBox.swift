// The root key in libsodium's sealed box: to a slot's recipient, or to the session of a challenge.
// KeyringFormat §3.

import CSodium
package import VaultFormat

enum RootBox {
    /// - Throws: ``CryptoError/refused`` for a recipient that is no point to seal to.
    static func seal(
        _ root: borrowing Secret<RootKey>, to recipient: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        precondition(recipient.count == KeySlot.recipientBytes)
        var box = [UInt8](repeating: 0, count: KeySlot.sealedRootBytes)
        let status = try unsafe root.withBytes { (bytes) throws(CryptoError) in
            unsafe crypto_box_seal(&box, bytes.octets, UInt64(bytes.count), recipient)
        }
        guard status == 0 else { throw .refused }
        return box
    }

    /// - Throws: ``CryptoError/refused``.
    static func open(
        _ box: [UInt8], recipient: [UInt8], with privateKey: borrowing Secret<SlotPrivateKey>
    ) throws(CryptoError) -> Secret<RootKey> {
        precondition(recipient.count == KeySlot.recipientBytes)
        return try unsafe Secret<RootKey> { (out) throws(CryptoError) in
            let status = try unsafe privateKey.withBytes { (key) throws(CryptoError) in
                unsafe crypto_box_seal_open(
                    out.octets, box, UInt64(box.count), recipient, key.octets)
            }
            guard status == 0 else { throw .refused }
        }
    }

    static func publicKey(
        of key: borrowing Secret<SlotPrivateKey>
    ) throws(CryptoError) -> [UInt8] {
        var point = [UInt8](repeating: 0, count: KeySlot.recipientBytes)
        let status = try unsafe key.withBytes { (bytes) throws(CryptoError) in
            unsafe crypto_scalarmult_base(&point, bytes.octets)
        }
        guard status == 0 else { throw .refused }
        return point
    }
}

extension CheckWords {
    /// Four words for a public key, to be compared by eye or ear. KeyringFormat §3.3.
    package static func words(of publicKey: [UInt8]) -> String {
        text(LogHash.digest(Array("ivault-words-v1-".utf8) + publicKey).bytes.prefix(byteCount))
    }
}
