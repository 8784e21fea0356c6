// Software slots: a secret protects an X25519 private key, to which the root key is sealed.
// KeyringFormat §3. A new root can be sealed to every slot without any secret present.

import CSodium
package import VaultFormat

package enum SlotCipher {
    private static let personal = Array("ivault-slot-v1--".utf8)

    /// Makes a slot of `kind` for `root`, protected by `secret`.
    package static func make(
        kind: KeySlot.Kind, label: String, vault: VaultID, secret: borrowing Secret<SlotSecret>,
        root: borrowing Secret<RootKey>, createdMicroseconds: Int64
    ) throws -> KeySlot {
        let id: SlotID = try Random.id()
        let privateKey = try Secret<SlotPrivateKey>.random()
        let recipient = try publicKey(of: privateKey)
        let salt = try Random.bytes(32)
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let context = context(kind: kind, vault: vault, slot: id, recipient: recipient, salt: salt)
        let derived = try unsafe secret.withBytes { (bytes) throws(CryptoError) in
            try unsafe Sodium.derive(
                SealingKey.self, from: bytes, personal: personal, message: context)
        }
        let sealed = unsafe derived.key.withBytes { key in
            unsafe privateKey.withBytes { bytes in
                unsafe Sodium.seal(bytes, associatedData: context, nonce: nonce, key: key)
            }
        }
        let body = try SoftwareSlotBody(
            parameters: [], salt: salt, commitment: derived.commitment, nonce: nonce,
            sealedPrivateKey: sealed)
        return try KeySlot(
            id: id, kind: kind, createdMicroseconds: createdMicroseconds, label: label,
            recipient: recipient, sealedRoot: sealRoot(root, to: recipient), body: body.encoded)
    }

    /// Opens the root key through one slot.
    ///
    /// - Throws: ``CryptoError/wrongKey`` when the secret is another one's, ``CryptoError/refused``
    ///   when the slot's bytes were changed, or a ``FormatError``.
    package static func open(
        _ slot: KeySlot, vault: VaultID, secret: borrowing Secret<SlotSecret>
    ) throws -> Secret<RootKey> {
        let body = try SoftwareSlotBody(parsing: slot.body)
        let context = context(
            kind: slot.kind, vault: vault, slot: slot.id, recipient: slot.recipient, salt: body.salt
        )
        let derived = try unsafe secret.withBytes { (bytes) throws(CryptoError) in
            try unsafe Sodium.derive(
                SealingKey.self, from: bytes, personal: personal, message: context)
        }
        guard Sodium.equal(derived.commitment, body.commitment) else { throw CryptoError.wrongKey }
        let privateKey = try unsafe Secret<SlotPrivateKey> { (out) throws(CryptoError) in
            try unsafe derived.key.withBytes { (key) throws(CryptoError) in
                try unsafe body.sealedPrivateKey.withRawBytes { (sealed) throws(CryptoError) in
                    try unsafe Sodium.open(
                        sealed, associatedData: context, nonce: body.nonce, key: key, into: out)
                }
            }
        }
        return try openRoot(slot, with: privateKey)
    }

    private static func context(
        kind: KeySlot.Kind, vault: VaultID, slot: SlotID, recipient: [UInt8], salt: [UInt8]
    ) -> [UInt8] {
        [kind.rawValue] + vault.bytes + slot.bytes + recipient + salt
    }

    private static func publicKey(of key: borrowing Secret<SlotPrivateKey>) throws -> [UInt8] {
        var point = [UInt8](repeating: 0, count: KeySlot.recipientBytes)
        let status = unsafe key.withBytes { bytes in
            unsafe crypto_scalarmult_base(
                &point, bytes.octets)
        }
        guard status == 0 else { throw CryptoError.refused }
        return point
    }

    private static func sealRoot(
        _ root: borrowing Secret<RootKey>, to recipient: [UInt8]
    ) throws -> [UInt8] {
        var box = [UInt8](repeating: 0, count: KeySlot.sealedRootBytes)
        let status = unsafe root.withBytes { bytes in
            unsafe crypto_box_seal(
                &box, bytes.octets, UInt64(bytes.count),
                recipient)
        }
        guard status == 0 else { throw CryptoError.refused }
        return box
    }

    private static func openRoot(
        _ slot: KeySlot, with privateKey: borrowing Secret<SlotPrivateKey>
    ) throws -> Secret<RootKey> {
        guard try publicKey(of: privateKey) == slot.recipient else { throw CryptoError.refused }
        return try unsafe Secret<RootKey> { (out) throws(CryptoError) in
            let status = unsafe privateKey.withBytes { key in
                unsafe crypto_box_seal_open(
                    out.octets, slot.sealedRoot,
                    UInt64(slot.sealedRoot.count), slot.recipient,
                    key.octets)
            }
            guard status == 0 else { throw .refused }
        }
    }
}
