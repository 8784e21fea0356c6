// The log's Ed25519 key (RFC 8032), sealed apart from the root so that a stolen root forges nothing.

import CSodium
package import VaultFormat

package final class LogSigner: Sendable {
    package let keys: OpenKeyFile
    private let index: Int
    package let publicKey: [UInt8]

    /// - Parameter number: which of its keys signs, where there are two: a rotation is under way then.
    /// - Throws: ``CryptoError/unknownKey`` unless the file is a log key that has it.
    package init(_ keys: OpenKeyFile, number: UInt32? = nil) throws(CryptoError) {
        let entries = keys.file.entries
        guard keys.file.kind == .logKey,
            let index = entries.lastIndex(where: {
                $0.purpose == .logSigning && (number == nil || $0.number == number)
            })
        else { throw .unknownKey }
        self.keys = keys
        self.index = index
        publicKey = try unsafe keys.withKey(at: index) { (seed) throws(CryptoError) in
            unsafe Self.withKeyPair(seed: seed) { publicKey, _ in publicKey }
        }
    }

    package static func initialEntries(createdMicroseconds at: Int64) -> [KeyEntry] {
        [KeyEntry(purpose: .logSigning, number: 1, createdMicroseconds: at)]
    }

    package var vault: VaultID { keys.file.vault }

    /// Whether the vault was sealed since this was opened: then it signs nothing any more.
    package var isErased: Bool { keys.isErased }
    package var origin: String { Checkpoint.origin(of: vault) }

    /// The first four bytes of a hash of name, algorithm and key (C2SP signed-note).
    package var keyID: [UInt8] {
        let input = VerifierKey.keyIDInput(origin: origin, publicKey: publicKey)
        return Array(LogHash.digest(input).bytes.prefix(4))
    }

    /// What `audit.pub` holds, without the newline.
    package var verifierKey: String {
        VerifierKey.text(origin: origin, keyID: keyID, publicKey: publicKey)
    }

    /// SHA-256 of the public key: what an auditor pins on paper.
    package var fingerprint: String { LogHash.digest(publicKey).hex }

    /// A signed note that states the log's size and root.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func note(size: UInt64, root: Digest256) throws(CryptoError) -> String {
        let checkpoint = Checkpoint(origin: origin, size: size, root: root)
        return checkpoint.note(keyID: keyID, signature: try sign(Array(checkpoint.text.utf8)))
    }

    // MARK: Rotation

    /// Counts the log's keys; the first is 1.
    package var number: UInt32 { keys.file.entries[index].number }

    /// The next generation of the file, with this key and a new one.
    package func extended(createdMicroseconds at: Int64) throws -> OpenKeyFile {
        let next = KeyEntry(
            purpose: .logSigning, number: number + 1, createdMicroseconds: at)
        return try KeyFileCipher.remade(keys, entries: [keys.file.entries[index], next])
    }

    /// The next generation of the file, with this key alone.
    package func alone() throws -> OpenKeyFile {
        try KeyFileCipher.remade(keys, entries: [keys.file.entries[index]])
    }

    /// The note by which this key and `next` say together that the other takes its place.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func crossSigned(with next: LogSigner) throws(CryptoError) -> String {
        let succession = LogKeySuccession(
            origin: origin, number: next.number,
            old: verifierKey, new: next.verifierKey)
        let text = Array(succession.text.utf8)
        return succession.note([
            (keyID, try sign(text)), (next.keyID, try next.sign(text)),
        ])
    }

    /// The signed note of what was come to.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func note(_ statement: RotationStatement) throws(CryptoError) -> String {
        try note(statement.text)
    }

    /// The signed note of an erasure.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func note(_ receipt: ErasureReceipt) throws(CryptoError) -> String {
        try note(receipt.text)
    }

    /// The signed note of an anchor.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func note(_ anchor: Anchor) throws(CryptoError) -> String {
        try note(anchor.text)
    }

    /// The signed note of a backup's manifest.
    ///
    /// - Throws: ``CryptoError/sealed``.
    package func note(_ manifest: BackupManifest) throws(CryptoError) -> String {
        try note(manifest.text)
    }

    private func note(_ text: String) throws(CryptoError) -> String {
        SignedNote.text(text, name: origin, keyID: keyID, signature: try sign(Array(text.utf8)))
    }

    private func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        try unsafe keys.withKey(at: index) { (seed) throws(CryptoError) in
            unsafe Self.withKeyPair(seed: seed) { _, secretKey in
                var signature = [UInt8](repeating: 0, count: 64)
                unsafe crypto_sign_detached(
                    &signature, nil, message, UInt64(message.count), secretKey)
                return signature
            }
        }
    }

    /// Lends the expanded key pair; the secret half is wiped before this returns.
    private static func withKeyPair<R>(
        seed: UnsafeRawBufferPointer,
        _ body: ([UInt8], UnsafePointer<UInt8>) -> R
    ) -> R {
        var publicKey = [UInt8](repeating: 0, count: 32)
        return unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { secretKey in
            unsafe crypto_sign_seed_keypair(&publicKey, secretKey.octets, seed.octets)
            defer { unsafe sodium_memzero(secretKey.octets, 64) }
            return unsafe body(publicKey, UnsafeRawBufferPointer(secretKey).octets)
        }
    }

    /// Whether `signature` is the holder's over `message`.
    package static func verify(
        _ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]
    ) -> Bool {
        guard signature.count == 64, publicKey.count == 32 else { return false }
        return unsafe crypto_sign_verify_detached(
            signature, message, UInt64(message.count), publicKey) == 0
    }
}
