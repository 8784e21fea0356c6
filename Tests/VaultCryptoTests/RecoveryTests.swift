// Recovery recipients: what the vault is given, what it asks, and what an answer opens.

import CSodium
import Testing
import VaultFormat
import VaultTestKit

@testable import VaultCrypto

@Suite("Recovery recipients")
struct RecoveryTests {
    /// A keyring with a slot for a new recovery key.
    private struct Fixture {
        let key: RecoveryKeyBox
        let file: KeyFile
        let slot: KeySlot

        init() throws {
            let keyring = try TestKeys.keyring()
            key = RecoveryKeyBox(try RecoveryKey.random())
            let text = key.key.recipientText
            file = try KeyFileCipher.resealed(keyring.keys) { root in
                try SlotCipher.make(
                    label: "bank", vault: keyring.vault, typed: FixedVault.typed(text),
                    root: root, createdMicroseconds: 1, stretch: Argon2id())
            }.file
            slot = try #require(file.slots.last)
        }
    }

    private final class RecoveryKeyBox {
        let key: RecoveryKey
        init(_ key: consuming RecoveryKey) { self.key = key }
    }

    private func refusal(_ body: () throws -> Void) -> CryptoError? {
        do {
            try body()
            return nil
        } catch {
            return error as? CryptoError
        }
    }

    @Test("the vectors' key has its recipient and words, and answers their challenge")
    func vectors() throws {
        let vector = try Vectors.load("slot-texts", as: SlotTextVectors.self).recovery
        let key = try RecoveryKey(FixedVault.typed(vector.recovery))
        #expect(key.recipientText == vector.recipient)
        #expect(key.words == vector.words)
        let challenge = try RecoveryChallenge(text: Array(vector.challenge.utf8))
        #expect(challenge.text == vector.challenge && challenge.generation == 7)
        #expect(challenge.slot.hex == vector.slot)
        #expect(CheckWords.words(of: challenge.session) == vector.sessionWords)
        let file = try KeyFile(parsing: vector.file.bytes)
        #expect(file.slots.first?.detail == vector.words)
        // A sealed box is another each time: what is in it is what counts.
        let answer = try key.answer(challenge)
        for box in [answer.box, try RecoveryAnswer(text: Array(vector.answer.utf8)).box] {
            var root = [UInt8](repeating: 0, count: 32)
            let status = unsafe crypto_box_seal_open(
                &root, box, UInt64(box.count), challenge.session, vector.session.bytes)
            #expect(status == 0 && root == vector.root.bytes)
        }
        for one in try Vectors.load("slot-texts", as: SlotTextVectors.self).words {
            #expect(CheckWords.words(of: one.key.bytes) == one.words)
        }
    }

    @Test("an answer opens the slot that was asked for, once the text came over")
    func answers() throws {
        let fixture = try Fixture()
        let session = try RecoverySession(fixture.slot, of: fixture.file)
        let asked = try RecoveryChallenge(text: Array(session.challenge.text.utf8))
        #expect(asked == session.challenge && asked.vault == fixture.file.vault)
        let answer = try RecoveryAnswer(text: Array(fixture.key.key.answer(asked).text.utf8))
        let opener = AnswerOpener(session: session, answer: answer)
        let opened = try KeyFileCipher.open(fixture.file, with: opener)
        #expect(opened.slot == fixture.slot.id)
        try KeyFileCipher.prove(fixture.slot, of: fixture.file, with: opener)
    }

    @Test("an answer to another challenge, by another key or for another root is refused")
    func refusals() throws {
        let fixture = try Fixture()
        let session = try RecoverySession(fixture.slot, of: fixture.file)
        let other = try RecoverySession(fixture.slot, of: fixture.file)
        let answer = try fixture.key.key.answer(session.challenge)
        let stranger = try RecoveryKey.random()
        let foreign = refusal { _ = try stranger.answer(session.challenge) }
        #expect(foreign == .wrongKey)
        let swapped = refusal {
            _ = try KeyFileCipher.open(
                fixture.file, with: AnswerOpener(session: other, answer: answer))
        }
        #expect(swapped == .wrongKey)
        // The root was rotated after the question.
        let rotated = try KeyFileCipher.resealed(
            try KeyFileCipher.open(
                fixture.file, with: AnswerOpener(session: session, answer: answer)
            ).keys)
        let stale = refusal {
            _ = try KeyFileCipher.open(
                rotated.file, with: AnswerOpener(session: session, answer: answer))
        }
        #expect(stale == .wrongKey)
        var box = answer.box
        box[40] ^= 1
        let flipped = RecoveryAnswer(slot: answer.slot, box: box)
        let changed = refusal {
            _ = try KeyFileCipher.open(
                fixture.file, with: AnswerOpener(session: session, answer: flipped))
        }
        #expect(changed == .wrongKey)
    }

    @Test("a new root reaches the recipient without its holder")
    func rotated() throws {
        let fixture = try Fixture()
        let first = try RecoverySession(fixture.slot, of: fixture.file)
        let opened = try KeyFileCipher.open(
            fixture.file,
            with: AnswerOpener(
                session: first, answer: fixture.key.key.answer(first.challenge))
        ).keys
        let next = try KeyFileCipher.resealed(opened).file
        let slot = try #require(next.slots.last)
        let session = try RecoverySession(slot, of: next)
        let answer = try fixture.key.key.answer(session.challenge)
        let again = try KeyFileCipher.open(
            next, with: AnswerOpener(session: session, answer: answer))
        #expect(again.slot == slot.id)
    }

    @Test("the private half makes no slot, and neither does a point that nothing can be sealed to")
    func noSlot() throws {
        let key = try RecoveryKey.random()
        let line = try unsafe key.withLine { unsafe String(decoding: $0, as: UTF8.self) }
        for text in [
            line, CheckedText.recipient.text([UInt8](repeating: 0, count: 32)),
            CheckedText.answer.text([UInt8](repeating: 0, count: 96)),
            CheckedText.challenge.text([UInt8](repeating: 0, count: 152)), " " + line,
            line.uppercased(), line.replacing("recovery-1", with: "recovery-2"), "imagevault-",
        ] {
            let refused = refusal {
                let root = try Secret<RootKey>.random()
                _ = try SlotCipher.make(
                    label: "bank", vault: Random.id(), typed: FixedVault.typed(text), root: root,
                    createdMicroseconds: 1, stretch: Argon2id())
            }
            #expect(refused == .malformedText)
        }
        for text in [line, key.recipientText, "\timagevault-Recovery-1: "] {
            let refused = refusal {
                _ = try TypedOpener(FixedVault.typed(text), stretch: Argon2id())
            }
            #expect(refused == .malformedText)
        }
    }
}
