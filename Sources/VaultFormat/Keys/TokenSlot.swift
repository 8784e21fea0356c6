// Slots whose secret a token keeps. KeyringFormat §3.6 and §3.7.

extension KeySlot.Kind {
    /// Whether a token keeps the secret of such a slot.
    package var isToken: Bool { self == .pkcs11 || self == .tpm2 }
    /// Whether whoever opens such a slot has to give something: a TPM asks for nothing.
    package var needsSecret: Bool { self != .tpm2 }
}

/// Whose secret a token is to keep: what it is bound to there.
package struct TokenSlot: Hashable, Sendable {
    package let kind: KeySlot.Kind
    package let vault: VaultID
    package let salt: [UInt8]

    package init(kind: KeySlot.Kind, vault: VaultID, salt: [UInt8]) {
        self.kind = kind
        self.vault = vault
        self.salt = salt
    }

    /// What a PKCS #11 token authenticates beside the secret.
    package var associatedData: [UInt8] { Array("ivault-pkcs11-v1".utf8) + vault.bytes + salt }

    /// Where a TPM's sealed object is, for the Feature API. From the salt, so that a key file cannot name
    /// somebody else's.
    package var objectPath: String { "/HS/SRK/imagevault-\(Hex.encode(salt.prefix(16)))" }
}

/// What a PKCS #11 slot needs besides its token.
package struct PKCS11Parameters: Hashable, Sendable {
    /// The name of the token's key.
    package let key: TokenText
    package let nonce: [UInt8]
    /// The slot's secret under that key, and its tag.
    package let sealedSecret: [UInt8]

    package static let nonceBytes = 12
    package static let sealedBytes = 48

    /// - Throws: ``FormatError/outOfRange(field:)``.
    package init(key: TokenText, nonce: [UInt8], sealedSecret: [UInt8]) throws(FormatError) {
        guard nonce.count == Self.nonceBytes, sealedSecret.count == Self.sealedBytes else {
            throw .outOfRange(field: "token parameters")
        }
        self.key = key
        self.nonce = nonce
        self.sealedSecret = sealedSecret
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        key = try TokenText(bytes: reader.readShort())
        nonce = try reader.read(Self.nonceBytes)
        sealedSecret = try reader.read(Self.sealedBytes)
        try reader.finish()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.appendShort(Array(key.text.utf8))
        writer.append(nonce)
        writer.append(sealedSecret)
        return writer.bytes
    }
}

/// The name of a token or of a key on it: 1 to 64 printable ASCII characters.
package struct TokenText: Hashable, Sendable {
    package let text: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidText(field: "token name") }
        self.text = text
    }

    /// - Throws: ``FormatError/invalidText(field:)``.
    init(bytes: [UInt8]) throws(FormatError) {
        try self.init(String(decoding: bytes, as: UTF8.self))
    }
}
