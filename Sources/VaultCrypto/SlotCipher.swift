// Software slots: a secret protects an X25519 private key, to which the root key is sealed.
// KeyringFormat §3. A new root can be sealed to every slot without any secret present.

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

    /// Makes a slot of what `typed` is: the line of a key file, a passphrase, a set of shares, or a
    /// recovery recipient.
    ///
    /// - Throws: ``CryptoError/malformedKeyFile`` or ``CryptoError/malformedText`` for what makes no slot,
    ///   ``CryptoError/wrongKey`` for shares that do not belong together or to this vault,
    ///   ``FormatError/outOfRange(field:)`` for a passphrase outside ``Limits/passphraseBytes``.
    package static func make(
        label: String, vault: VaultID, typed: TypedSecret,
        parameters: PassphraseParameters = .moderate, root: borrowing Secret<RootKey>,
        createdMicroseconds: Int64, stretch: any PassphraseStretch
    ) throws -> KeySlot {
        func draft(_ kind: KeySlot.Kind, _ parameters: [UInt8] = []) throws -> Draft {
            var draft = try Draft(
                kind: kind, label: label, createdMicroseconds: createdMicroseconds)
            draft.parameters = parameters
            return draft
        }
        switch typed.form {
        case .keyFile:
            return try make(
                draft(.keyFile), vault: vault, secret: Secret(keyFile: typed), root: root)
        case .passphrase:
            guard Limits.passphraseBytes.contains(typed.count) else {
                throw FormatError.outOfRange(field: "passphrase")
            }
            let draft = try draft(.passphrase, parameters.encoded)
            let secret = try Secret<SlotSecret>(
                passphrase: typed, slotSalt: draft.salt, parameters, stretch)
            return try make(draft, vault: vault, secret: secret, root: root)
        case .shares:
            let shares = try typed.shares()
            let secret = try KeyShare.combined(shares)
            guard let head = shares.first?.head, head.vault == vault else {
                throw CryptoError.wrongKey
            }
            return try make(
                draft(.shares, head.set.encoded), vault: vault, secret: secret, root: root)
        case .recipient:
            return try make(draft(.recoveryRecipient), recipient: typed.recipient(), root: root)
        case .answer, .refused: throw CryptoError.malformedText
        }
    }

    /// A slot whose private half this vault never has.
    private static func make(
        _ draft: Draft, recipient: [UInt8], root: borrowing Secret<RootKey>
    ) throws -> KeySlot {
        let sealed: [UInt8]
        do throws(CryptoError) {
            sealed = try RootBox.seal(root, to: recipient)
        } catch {
            // Not every 32 bytes are a point that something can be sealed to.
            throw error == .refused ? .malformedText : error
        }
        return try KeySlot(
            id: Random.id(), kind: draft.kind, createdMicroseconds: draft.createdMicroseconds,
            label: draft.label, recipient: recipient, sealedRoot: sealed, body: [])
    }

    /// What a slot is made from besides its secret.
    struct Draft {
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

    static func make(
        _ draft: Draft, vault: VaultID, secret: borrowing Secret<SlotSecret>,
        root: borrowing Secret<RootKey>
    ) throws -> KeySlot {
        let id: SlotID = try Random.id()
        let privateKey = try Secret<SlotPrivateKey>.random()
        let recipient = try RootBox.publicKey(of: privateKey)
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
            label: draft.label, recipient: recipient, sealedRoot: RootBox.seal(root, to: recipient),
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
            sealedRoot: RootBox.seal(root, to: slot.recipient), body: slot.body)
    }

    private static func context(
        kind: KeySlot.Kind, vault: VaultID, slot: SlotID, recipient: [UInt8], salt: [UInt8]
    ) -> [UInt8] {
        [kind.rawValue] + vault.bytes + slot.bytes + recipient + salt
    }

    private static func openRoot(
        _ slot: KeySlot, with privateKey: borrowing Secret<SlotPrivateKey>
    ) throws -> Secret<RootKey> {
        guard try RootBox.publicKey(of: privateKey) == slot.recipient else {
            throw CryptoError.refused
        }
        return try RootBox.open(slot.sealedRoot, recipient: slot.recipient, with: privateKey)
    }
}
