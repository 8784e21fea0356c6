// New random keys for a test, made the way `vaultd init` makes them.

import Glibc
package import VaultCrypto
package import VaultFormat

package enum TestKeys {
    /// A namespace beside ``NamespaceName/standard`` that every test keyring has a naming key for.
    package static let clinic: NamespaceName = named("clinic")

    /// The keys of a new vault, and `more` beside them.
    package static func keyring(_ more: [KeyEntry] = []) throws -> Keyring {
        let other = KeyEntry(purpose: .naming, createdMicroseconds: 0, name: clinic.description)
        let entries = Keyring.initialEntries(createdMicroseconds: 0) + [other] + more
        return try patiently { try Keyring(make(.keyring, entries)) }
    }

    package static func logSigner() throws -> LogSigner {
        try patiently {
            try LogSigner(make(.logKey, LogSigner.initialEntries(createdMicroseconds: 0)))
        }
    }

    /// The tests of a process share one arena of locked memory: who finds it full waits a little for the others.
    private static func patiently<R>(_ make: () throws -> R) throws -> R {
        for _ in 0..<200 {
            do {
                return try make()
            } catch CryptoError.keyMemoryExhausted {
                usleep(20_000)
            }
        }
        return try make()
    }

    package static let passphrase = "correct horse battery"

    /// The keys of a new vault that ``passphrase`` opens.
    package static func passphraseKeyring() throws -> Keyring {
        try patiently {
            try Keyring(
                passphraseFile(
                    .keyring, Keyring.initialEntries(createdMicroseconds: 0), Random.id()))
        }
    }

    /// The log's key of this vault, that ``passphrase`` opens.
    package static func passphraseLogKey(of vault: VaultID) throws -> OpenKeyFile {
        try patiently {
            try passphraseFile(.logKey, LogSigner.initialEntries(createdMicroseconds: 0), vault)
        }
    }

    private static func passphraseFile(
        _ kind: KeyFile.Kind, _ entries: [KeyEntry], _ vault: VaultID
    ) throws -> OpenKeyFile {
        let root = try Secret<RootKey>.random()
        let slot = try SlotCipher.make(
            label: "passphrase", vault: vault, typed: FixedVault.typed(passphrase),
            parameters: PassphraseParameters(passes: 1, memoryKibibytes: 64), root: root,
            createdMicroseconds: 0, stretch: Argon2id())
        return try KeyFileCipher.make(
            kind: kind, vault: vault, slots: [slot], entries: entries, root: root)
    }

    package static func make(_ kind: KeyFile.Kind, _ entries: [KeyEntry]) throws -> OpenKeyFile {
        let vault: VaultID = try Random.id()
        let secret = try Secret<SlotSecret>.random()
        let root = try Secret<RootKey>.random()
        let slot = try SlotCipher.make(
            kind: .keyFile, label: "test", vault: vault, secret: secret, root: root,
            createdMicroseconds: 0)
        return try KeyFileCipher.make(
            kind: kind, vault: vault, slots: [slot], entries: entries, root: root)
    }

    private static func named(_ text: String) -> NamespaceName {
        do { return try NamespaceName(text) } catch { preconditionFailure("\(text): \(error)") }
    }
}
