// Recovery recipients: the private half is made and kept away from the vault. The vault asks for the root
// key by a challenge, and what answers it is sealed to a key that the vault made for that one question.
// KeyringFormat §3.4.

package import VaultFormat

/// The private half of a recovery recipient, where its holder has it.
package struct RecoveryKey: ~Copyable {
    private let key: Secret<SlotPrivateKey>
    package let recipient: [UInt8]

    private init(key: consuming Secret<SlotPrivateKey>) throws(CryptoError) {
        recipient = try RootBox.publicKey(of: key)
        self.key = key
    }

    package static func random() throws(CryptoError) -> RecoveryKey {
        try RecoveryKey(key: .random())
    }

    /// - Parameter typed: the line of the key; spaces between digits are forgiven.
    /// - Throws: ``CryptoError/malformedText``.
    package init(_ typed: TypedSecret) throws(CryptoError) {
        let key = try unsafe Secret<SlotPrivateKey> { (out) throws(CryptoError) in
            try unsafe typed.withBytes { (line) throws(CryptoError) in
                guard unsafe CheckedText.recoveryKey.read(line, into: out) else {
                    throw .malformedText
                }
            }
        }
        try self.init(key: key)
    }

    /// What the vault is given; no secret.
    package var recipientText: String { CheckedText.recipient.text(recipient) }

    /// The same four words wherever this key or its recipient is shown.
    package var words: String { CheckWords.words(of: recipient) }

    /// Lends the line of this key, with its newline, to one call and wipes it.
    package func withLine<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try unsafe key.withLine(as: .recoveryKey, body)
    }

    /// - Throws: ``CryptoError/wrongKey`` for a challenge to another key.
    package func answer(_ challenge: RecoveryChallenge) throws(CryptoError) -> RecoveryAnswer {
        let root: Secret<RootKey>
        do throws(CryptoError) {
            root = try RootBox.open(challenge.sealedRoot, recipient: recipient, with: key)
        } catch {
            throw error == .refused ? .wrongKey : error
        }
        return RecoveryAnswer(
            slot: challenge.slot, box: try RootBox.seal(root, to: challenge.session))
    }
}

/// A challenge that waits for its answer, in the vault.
package final class RecoverySession: Sendable {
    package let challenge: RecoveryChallenge
    private let key: Secret<SlotPrivateKey>

    /// - Throws: ``CryptoError``.
    package init(_ slot: KeySlot, of file: KeyFile) throws(CryptoError) {
        key = try .random()
        challenge = RecoveryChallenge(
            vault: file.vault, slot: slot.id, generation: file.generation,
            session: try RootBox.publicKey(of: key), sealedRoot: slot.sealedRoot)
    }

    /// What the holder compares before they answer.
    package var words: String { CheckWords.words(of: challenge.session) }

    /// - Throws: ``CryptoError/wrongKey`` for what answers another challenge.
    fileprivate func root(_ answer: RecoveryAnswer) throws(CryptoError) -> Secret<RootKey> {
        do throws(CryptoError) {
            return try RootBox.open(answer.box, recipient: challenge.session, with: key)
        } catch {
            throw error == .refused ? .wrongKey : error
        }
    }
}

/// Opens the one slot that the challenge was for.
package struct AnswerOpener: SlotOpener {
    package let session: RecoverySession
    package let answer: RecoveryAnswer

    package init(session: RecoverySession, answer: RecoveryAnswer) {
        self.session = session
        self.answer = answer
    }

    package var kind: KeySlot.Kind { .recoveryRecipient }

    package func root(of slot: KeySlot, vault: VaultID) throws -> Secret<RootKey> {
        guard slot.id == answer.slot, slot.id == session.challenge.slot,
            slot.sealedRoot == session.challenge.sealedRoot, slot.body.isEmpty
        else { throw CryptoError.wrongKey }
        return try session.root(answer)
    }
}
