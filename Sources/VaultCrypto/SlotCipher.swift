// Software slots: a secret protects an X25519 private key, to which the root key is sealed.
// KeyringFormat §3. A new root can be sealed to every slot without any secret present.

import CSodium
package import VaultFormat

package enum SlotCipher {
    private static let personal = Array("ivault-slot-v1--".utf8)

    /// Makes a slot for a key file, protected by `secret`.
    package static func make(
        kind: KeySlot.Kind, label: String, vault: VaultID, secret: borrowing Secret<SlotSecret>,
        root: borrowing Secret<RootKey>, createdMicroseconds: Int64
    ) throws -> KeySlot {
        try make(
            Draft(kind: kind, label: label, createdMicroseconds: createdMicroseconds),
            vault: vault, secret: secret, root: root)
    }

    /// Makes a slot that the bytes of `typed` open.
    ///
    /// - Throws: ``CryptoError/malformedKeyFile`` for the text of a key file that is not one,
    ///   ``FormatError/outOfRange(field:)`` for a passphrase outside ``Limits/passphraseBytes``.
    package static func make(
        label: String, vault: VaultID, typed: TypedSecret,
        parameters: PassphraseParameters = .moderate, root: borrowing Secret<RootKey>,
        createdMicroseconds: Int64, stretch: any PassphraseStretch
    ) throws -> KeySlot {
        var draft = try Draft(
            kind: typed.kind, label: label, createdMicroseconds: createdMicroseconds)
        if draft.kind == .passphrase {
            guard Limits.passphraseBytes.contains(typed.count) else {
                throw FormatError.outOfRange(field: "passphrase")
            }
            draft.parameters = parameters.encoded
        }
        let secret = try secret(
            typed, kind: draft.kind, parameters: draft.parameters, salt: draft.salt, stretch)
        return try make(draft, vault: vault, secret: secret, root: root)
    }

    /// What a slot is made from besides its secret.
    private struct Draft {
        let kind: KeySlot.Kind
        let label: String
        let createdMicroseconds: Int64
        var parameters: [UInt8] = []
        let salt: [UInt8]

        init(kind: KeySlot.Kind, label: String, createdMicroseconds: Int64) throws(CryptoError) {
            self.kind = kind
            self.label = label
            self.createdMicroseconds = createdMicroseconds
            salt = try Random.bytes(32)
        }
    }

    private static func make(
        _ draft: Draft, vault: VaultID, secret: borrowing Secret<SlotSecret>,
        root: borrowing Secret<RootKey>
    ) throws -> KeySlot {
        let id: SlotID = try Random.id()
        let privateKey = try Secret<SlotPrivateKey>.random()
        let recipient = try publicKey(of: privateKey)
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let context = context(
            kind: draft.kind, vault: vault, slot: id, recipient: recipient, salt: draft.salt)
        let derived = try unsafe secret.withBytes { (bytes) throws(CryptoError) in
            try unsafe Sodium.derive(
                SealingKey.self, from: bytes, personal: personal, message: context)
        }
        let sealed = try unsafe derived.key.withBytes { (key) throws(CryptoError) in
            try unsafe privateKey.withBytes { (bytes) throws(CryptoError) in
                unsafe Sodium.seal(bytes, associatedData: context, nonce: nonce, key: key)
            }
        }
        let body = try SoftwareSlotBody(
            parameters: draft.parameters, salt: draft.salt, commitment: derived.commitment,
            nonce: nonce, sealedPrivateKey: sealed)
        return try KeySlot(
            id: id, kind: draft.kind, createdMicroseconds: draft.createdMicroseconds,
            label: draft.label, recipient: recipient, sealedRoot: sealRoot(root, to: recipient),
            body: body.encoded)
    }

    /// Opens the root key through one slot with what was typed.
    ///
    /// - Throws: as ``open(_:vault:secret:)``; also ``CryptoError/malformedKeyFile`` and
    ///   ``CryptoError/stretchFailed``.
    package static func open(
        _ slot: KeySlot, vault: VaultID, typed: TypedSecret, stretch: any PassphraseStretch
    ) throws -> Secret<RootKey> {
        let body = try SoftwareSlotBody(parsing: slot.body)
        let secret = try secret(
            typed, kind: slot.kind, parameters: body.parameters, salt: body.salt, stretch)
        return try open(slot, vault: vault, secret: secret)
    }

    private static func secret(
        _ typed: TypedSecret, kind: KeySlot.Kind, parameters: [UInt8], salt: [UInt8],
        _ stretch: any PassphraseStretch
    ) throws -> Secret<SlotSecret> {
        switch kind {
        case .keyFile:
            return try Secret(keyFile: typed)
        case .passphrase:
            return try Secret(
                passphrase: typed, slotSalt: salt, PassphraseParameters(parsing: parameters),
                stretch)
        default: throw CryptoError.wrongKey
        }
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

    /// The same slot for another root.
    static func resealed(_ slot: KeySlot, root: borrowing Secret<RootKey>) throws -> KeySlot {
        try KeySlot(
            id: slot.id, kind: slot.kind, createdMicroseconds: slot.createdMicroseconds,
            label: slot.label, recipient: slot.recipient,
            sealedRoot: sealRoot(root, to: slot.recipient), body: slot.body)
    }

    private static func context(
        kind: KeySlot.Kind, vault: VaultID, slot: SlotID, recipient: [UInt8], salt: [UInt8]
    ) -> [UInt8] {
        [kind.rawValue] + vault.bytes + slot.bytes + recipient + salt
    }

    private static func publicKey(of key: borrowing Secret<SlotPrivateKey>) throws -> [UInt8] {
        var point = [UInt8](repeating: 0, count: KeySlot.recipientBytes)
        let status = try unsafe key.withBytes { (bytes) throws(CryptoError) in
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
        let status = try unsafe root.withBytes { (bytes) throws(CryptoError) in
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
            let status = try unsafe privateKey.withBytes { (key) throws(CryptoError) in
                unsafe crypto_box_seal_open(
                    out.octets, slot.sealedRoot,
                    UInt64(slot.sealedRoot.count), slot.recipient,
                    key.octets)
            }
            guard status == 0 else { throw .refused }
        }
    }
}
