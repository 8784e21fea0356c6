// The vault of the vectors: every key in it is public and stands in keyrings.json.

package import VaultCrypto
package import VaultFormat

package enum FixedVault {
    /// The keyring: epoch 1 readable, epoch 2 primary, namespaces `clinic` and `default`.
    package static func keyring() throws -> Keyring {
        try Keyring(open(try vectors()[0]))
    }

    package static func logSigner() throws -> LogSigner {
        try LogSigner(open(try vectors()[1]))
    }

    /// The bytes of the keyring's key of this purpose and number.
    package static func key(_ purpose: KeyEntry.Purpose, _ number: UInt32 = 0) throws -> [UInt8] {
        let entry = try vectors()[0].entries?.first {
            $0.purpose == purpose.rawValue && $0.number == number
        }
        guard let entry else { throw CryptoError.unknownKey }
        return entry.key.bytes
    }

    /// - Throws: ``Refusal`` with the layer that refused.
    package static func open(_ vector: KeyFileVector) throws -> OpenKeyFile {
        let file: KeyFile
        do throws(FormatError) {
            file = try KeyFile(parsing: vector.file.bytes)
        } catch {
            throw Refusal("parser", error.code)
        }
        return try open(file, secret: vector.secret)
    }

    /// Opens a key file with `secret` as somebody would type it.
    package static func open(_ file: KeyFile, secret: String) throws -> OpenKeyFile {
        let typed = try typed(secret)
        if typed.form == .shares {
            return try KeyFileCipher.open(file, with: SharesOpener(typed.shares())).keys
        }
        return try KeyFileCipher.open(file, typed: typed, stretch: Argon2id()).keys
    }

    package static func typed(_ text: String) throws -> TypedSecret {
        let typed = try TypedSecret()
        let fits = unsafe Array(text.utf8).withUnsafeBytes { unsafe typed.append($0) }
        precondition(fits, "a test's secret fits")
        return typed
    }

    package static func withSecret<R>(
        _ text: String, _ body: (borrowing Secret<SlotSecret>) throws -> R
    ) throws -> R {
        try unsafe Array(text.utf8).withUnsafeBytes { text in
            try body(unsafe Secret<SlotSecret>(keyFileText: text))
        }
    }

    private static func vectors() throws -> [KeyFileVector] {
        try Vectors.load("keyrings", as: VectorFile<KeyFileVector>.self).opens
    }
}
