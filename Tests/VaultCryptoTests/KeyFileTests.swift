// Key files: the right secret opens, nothing else does. KeyringFormat §3 and §5.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Key files")
struct KeyFileTests {
    private func vectors() throws -> VectorFile<KeyFileVector> { try Vectors.load("keyrings") }

    /// The code with which a file is refused, or nil when it opens.
    private func refusal(_ bytes: [UInt8], secret: String) throws -> String? {
        do {
            _ = try FixedVault.open(try KeyFile(parsing: bytes), secret: secret)
            return nil
        } catch {
            return code(of: error)
        }
    }

    @Test("what the second implementation sealed opens here")
    func vectorsOpen() throws {
        for vector in try vectors().opens {
            let opened = try FixedVault.open(vector)
            #expect(opened.file.encoded == vector.file.bytes, "\(vector.rule)")
        }
    }

    @Test("each faulty key file is refused with its code")
    func vectorsRefused() throws {
        let refusals = try vectors().refusals
        #expect(refusals.count > 60)
        for vector in refusals {
            let code = try refusal(vector.file.bytes, secret: vector.secret)
            #expect(code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a key file with any bit changed never opens")
    func everyBit() throws {
        let vector = try #require(try vectors().opens.first)
        let bytes = vector.file.bytes
        for index in bytes.indices {
            for bit in 0..<8 {
                let changed = flipped(bytes, at: index, bit: 1 << UInt8(bit))
                let code = try refusal(changed, secret: vector.secret)
                #expect(code != nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test("a key file cut anywhere never opens")
    func everyLength() throws {
        let vector = try #require(try vectors().opens.first)
        for count in vector.file.bytes.indices {
            let cut = Array(vector.file.bytes[..<count])
            #expect(try refusal(cut, secret: vector.secret) != nil, "\(count) bytes")
        }
    }

    @Test("a key file made here opens with each of its slots and with no other secret")
    func made() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let one = try Secret<SlotSecret>.random()
        let two = try Secret<SlotSecret>.random()
        let stranger = try Secret<SlotSecret>.random()
        let slots = [
            try SlotCipher.make(
                kind: .keyFile, label: "one", vault: vault, secret: one, root: root,
                createdMicroseconds: 1),
            try SlotCipher.make(
                kind: .keyFile, label: "two", vault: vault, secret: two, root: root,
                createdMicroseconds: 2),
        ]
        let made = try KeyFileCipher.make(
            kind: .keyring, vault: vault, slots: slots,
            entries: Keyring.initialEntries(createdMicroseconds: 3), root: root)
        let digest = LogHash.digest([])
        let address = try Keyring(made).imageID(of: digest, in: .standard)
        let file = try KeyFile(parsing: made.file.encoded)
        for opened in [
            try KeyFileCipher.open(file, kind: .keyFile, secret: one),
            try KeyFileCipher.open(file, kind: .keyFile, secret: two),
            try KeyFileCipher.open(file, root: root),
        ] {
            #expect(try Keyring(opened).imageID(of: digest, in: .standard) == address)
        }
        let refusals = [
            openCode { _ = try KeyFileCipher.open(file, kind: .keyFile, secret: stranger) },
            openCode { _ = try KeyFileCipher.open(file, kind: .passphrase, secret: one) },
            openCode {
                let other = try Secret<RootKey>.random()
                _ = try KeyFileCipher.open(file, root: other)
            },
        ]
        #expect(refusals == ["wrong-key", "wrong-key", "wrong-key"])
    }

    private func openCode(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return code(of: error)
        }
    }

    @Test("a slot opens only in its own vault, under its own id, with its own body")
    func slotBinding() throws {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let secret = try Secret<SlotSecret>.random()
        let one = try SlotCipher.make(
            kind: .keyFile, label: "one", vault: vault, secret: secret, root: root,
            createdMicroseconds: 1)
        let two = try SlotCipher.make(
            kind: .keyFile, label: "two", vault: vault, secret: secret, root: root,
            createdMicroseconds: 1)
        let swapped = try KeySlot(
            id: one.id, kind: one.kind, createdMicroseconds: 1, label: "one",
            recipient: one.recipient, sealedRoot: one.sealedRoot, body: two.body)
        let passphrase = try KeySlot(
            id: one.id, kind: .passphrase, createdMicroseconds: 1, label: "one",
            recipient: one.recipient, sealedRoot: one.sealedRoot, body: one.body)
        let otherRoot = try KeySlot(
            id: one.id, kind: one.kind, createdMicroseconds: 1, label: "one",
            recipient: one.recipient, sealedRoot: two.sealedRoot, body: one.body)
        let other: VaultID = try Random.id()
        let codes = [
            openCode { _ = try SlotCipher.open(one, vault: vault, secret: secret) },
            openCode { _ = try SlotCipher.open(one, vault: other, secret: secret) },
            openCode { _ = try SlotCipher.open(swapped, vault: vault, secret: secret) },
            openCode { _ = try SlotCipher.open(passphrase, vault: vault, secret: secret) },
            openCode { _ = try SlotCipher.open(otherRoot, vault: vault, secret: secret) },
        ]
        #expect(codes == [nil, "wrong-key", "wrong-key", "wrong-key", "refused"])
    }

    @Test("the text of a key file is read back, and each faulty one is refused")
    func texts() throws {
        let vectors = try Vectors.load("key-texts", as: VectorFile<KeyTextVector>.self)
        for vector in vectors.opens {
            let text = try FixedVault.withSecret(vector.text) { secret in
                try unsafe secret.withKeyFileText { unsafe String(decoding: $0, as: UTF8.self) }
            }
            #expect(text == vectors.opens.first?.text, "\(vector.rule)")
        }
        for vector in vectors.refusals {
            let code = openCode { try FixedVault.withSecret(vector.text) { _ in } }
            #expect(code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a keyring needs each of its keys and exactly one primary epoch")
    func completeKeyring() throws {
        let entries = Keyring.initialEntries(createdMicroseconds: 0)
        let second = KeyEntry(purpose: .epoch, number: 2, state: 2, createdMicroseconds: 0)
        #expect(try keyringCode(.keyring, entries) == nil)
        #expect(try keyringCode(.keyring, entries + [second]) == "unknown-key")
        #expect(try keyringCode(.logKey, entries) == "unknown-key")
        for purpose in [KeyEntry.Purpose.index, .rowMAC, .eventBody, .epoch] {
            let fewer = entries.filter { $0.purpose != purpose }
            #expect(try keyringCode(.keyring, fewer) == "unknown-key", "\(purpose)")
        }
    }

    @Test("a destroyed epoch is an unknown one, and epochs of the other states open")
    func destroyedEpochs() throws {
        let others = Keyring.initialEntries(createdMicroseconds: 0).filter { $0.purpose != .epoch }
        let epochs = (1...4).map {
            KeyEntry(purpose: .epoch, number: UInt32($0), state: UInt8($0), createdMicroseconds: 0)
        }
        let keyring = try Keyring(made(.keyring, others + epochs))
        #expect(try keyring.primaryEpoch == EpochNumber(2))
        let codes = try epochs.map { epoch in
            let context = WrapContext(
                subject: .blob(try Random.id()), epoch: try EpochNumber(epoch.number),
                namespace: .standard, image: try Random.id())
            return openCode {
                _ = try keyring.unwrap([UInt8](repeating: 0, count: 72), context: context)
            }
        }
        #expect(codes == ["refused", "refused", "refused", "unknown-key"])
    }

    private func keyringCode(_ kind: KeyFile.Kind, _ entries: [KeyEntry]) throws -> String? {
        let made = try made(kind, entries)
        return openCode { _ = try Keyring(made) }
    }

    private func made(_ kind: KeyFile.Kind, _ entries: [KeyEntry]) throws -> OpenKeyFile {
        let vault: VaultID = try Random.id()
        let root = try Secret<RootKey>.random()
        let secret = try Secret<SlotSecret>.random()
        let slot = try SlotCipher.make(
            kind: .keyFile, label: "one", vault: vault, secret: secret, root: root,
            createdMicroseconds: 1)
        return try KeyFileCipher.make(
            kind: kind, vault: vault, slots: [slot], entries: entries, root: root)
    }
}
