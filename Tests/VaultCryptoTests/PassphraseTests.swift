// Passphrases: what they open, what they do not, and what a file may ask of whoever stretches them.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

/// Stretches, and keeps what it was asked for.
private final class CountedStretch: PassphraseStretch {
    private(set) var asked: [(salt: [UInt8], parameters: PassphraseParameters)] = []

    func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        asked.append((salt, parameters))
        try unsafe Argon2id().stretch(passphrase, salt: salt, parameters, into: out)
    }
}

@Suite("Passphrase slots")
struct PassphraseTests {
    static let quick = Result { () throws(FormatError) in
        try PassphraseParameters(passes: 1, memoryKibibytes: 64)
    }

    private func slot(
        _ text: String, root: borrowing Secret<RootKey>, in vault: VaultID,
        _ parameters: PassphraseParameters? = nil
    ) throws -> KeySlot {
        try SlotCipher.make(
            label: "spoken", vault: vault, typed: FixedVault.typed(text),
            parameters: parameters ?? Self.quick.get(), root: root, createdMicroseconds: 1,
            stretch: Argon2id())
    }

    @Test("a passphrase opens its slot beside a key file, each alone, and tells which slot it was")
    func eitherAlone() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let key = try Secret<SlotSecret>.random()
        let slots = try [
            SlotCipher.make(
                kind: .keyFile, label: "disk", vault: vault, secret: key, root: root,
                createdMicroseconds: 1),
            slot("correct horse", root: root, in: vault),
            slot("battery staple", root: root, in: vault),
        ]
        let made = try KeyFileCipher.make(
            kind: .keyring, vault: vault, slots: slots,
            entries: Keyring.initialEntries(createdMicroseconds: 3), root: root)
        let file = try KeyFile(parsing: made.file.encoded)
        for (text, slot) in [("correct horse", slots[1]), ("battery staple", slots[2])] {
            let opened = try KeyFileCipher.open(
                file, typed: FixedVault.typed(text), stretch: Argon2id())
            #expect(opened.slot == slot.id)
        }
        let byFile = try unsafe key.withKeyFileText { text in
            try unsafe FixedVault.open(file, secret: String(decoding: text, as: UTF8.self)).file
        }
        #expect(byFile == file)
        #expect(refusal(file, "correct horsf") == "wrong-key")
        #expect(refusal(file, "") == "wrong-key")
    }

    @Test("the stretching is asked for what the slot says, with the first 16 bytes of its salt")
    func parameters() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let slot = try slot("correct horse", root: root, in: vault)
        let body = try SoftwareSlotBody(parsing: slot.body)
        let stretch = CountedStretch()
        _ = try SlotCipher.open(
            slot, vault: vault, typed: FixedVault.typed("correct horse"), stretch: stretch)
        #expect(stretch.asked.count == 1)
        #expect(stretch.asked.first?.salt == Array(body.salt.prefix(16)))
        #expect(try stretch.asked.first?.parameters == Self.quick.get())
    }

    @Test("a new slot asks for libsodium's MODERATE")
    func moderate() {
        #expect(PassphraseParameters.moderate.encoded == [0, 0, 0, 3, 0, 4, 0, 0])
    }

    @Test("a hostile file's parameters are refused before anything is stretched")
    func hostile() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let slot = try slot("correct horse", root: root, in: vault)
        let body = try SoftwareSlotBody(parsing: slot.body)
        let stretch = CountedStretch()
        for bytes: [UInt8] in [
            [0, 0, 0, 3, 0, 0x40, 0, 0],  // 4 GiB
            [0, 0, 0, 13, 0, 4, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 64],
            [0, 0, 0, 0, 0, 0, 0, 64], [0, 0, 0, 1, 0, 0, 0, 63], [0, 0, 0, 1, 0, 8, 0, 1],
        ] {
            let greedy = try SoftwareSlotBody(
                parameters: bytes, salt: body.salt, commitment: body.commitment,
                nonce: body.nonce, sealedPrivateKey: body.sealedPrivateKey)
            let other = try KeySlot(
                id: slot.id, kind: slot.kind, createdMicroseconds: 1, label: slot.label,
                recipient: slot.recipient, sealedRoot: slot.sealedRoot, body: greedy.encoded)
            #expect(throws: FormatError.outOfRange(field: "passphrase parameters")) {
                _ = try SlotCipher.open(
                    other, vault: vault, typed: FixedVault.typed("correct horse"),
                    stretch: stretch)
            }
        }
        #expect(stretch.asked.isEmpty)
    }

    @Test("a passphrase of fewer than 8 bytes or more than 1024 makes no slot")
    func lengths() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        for count in [7, 1025] {
            #expect(throws: FormatError.outOfRange(field: "passphrase")) {
                _ = try slot(String(repeating: "x", count: count), root: root, in: vault)
            }
        }
        for count in [8, 1024] {
            _ = try slot(String(repeating: "x", count: count), root: root, in: vault)
        }
    }

    @Test("a secret takes what fits and nothing after it")
    func room() throws {
        let typed = try FixedVault.typed(String(repeating: "x", count: Limits.secretBytes - 1))
        let (two, one) = unsafe [UInt8(1), 2].withUnsafeBytes { bytes in
            unsafe (
                typed.append(bytes),
                typed.append(UnsafeRawBufferPointer(rebasing: bytes[..<1]))
            )
        }
        #expect(!two && one)
    }

    private func refusal(_ file: KeyFile, _ text: String) -> String? {
        do {
            _ = try FixedVault.open(file, secret: text)
            return nil
        } catch {
            return code(of: error)
        }
    }
}
