// The next generation of a key file: who opens it, who does not, and that its keys are the same.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("Generations of a key file")
struct GenerationTests {
    /// A keyring with two key-file slots, and their secrets.
    private final class Pair {
        let one: Secret<SlotSecret>
        let two: Secret<SlotSecret>
        let keys: OpenKeyFile
        var slots: [KeySlot] { keys.file.slots }

        init() throws {
            let vault: VaultID = try Random.id()
            let root = try Secret<RootKey>.random()
            one = try .random()
            two = try .random()
            let slots = [
                try SlotCipher.make(
                    kind: .keyFile, label: "one", vault: vault, secret: one, root: root,
                    createdMicroseconds: 1),
                try SlotCipher.make(
                    kind: .keyFile, label: "two", vault: vault, secret: two, root: root,
                    createdMicroseconds: 2),
            ]
            keys = try KeyFileCipher.make(
                kind: .keyring, vault: vault, slots: slots,
                entries: Keyring.initialEntries(createdMicroseconds: 3), root: root)
        }
    }

    private func opens(
        _ file: KeyFile, _ secret: borrowing Secret<SlotSecret>
    ) throws -> ImageID? {
        do {
            let keys = try KeyFileCipher.open(file, kind: .keyFile, secret: secret)
            return try Keyring(keys).imageID(of: LogHash.empty, in: .standard)
        } catch CryptoError.wrongKey {
            return nil
        }
    }

    @Test("a new root is sealed to every slot without a secret, and the keys are the same")
    func rotation() throws {
        let pair = try Pair()
        let next = try KeyFileCipher.resealed(pair.keys)
        let file = try KeyFile(parsing: next.file.encoded)
        let address = try Keyring(pair.keys).imageID(of: LogHash.empty, in: .standard)
        #expect(file.generation == 2)
        #expect(file.slots.map(\.id) == pair.slots.map(\.id))
        #expect(file.slots.map(\.body) == pair.slots.map(\.body))
        #expect(Set(file.slots.map(\.sealedRoot)).isDisjoint(with: pair.slots.map(\.sealedRoot)))
        let opened = try [opens(file, pair.one), opens(file, pair.two)]
        #expect(opened == [address, address])
    }

    @Test("the root of the generation before does not open the next")
    func oldRoot() throws {
        let pair = try Pair()
        let next = try KeyFileCipher.resealed(pair.keys).file
        let root = try SlotCipher.open(pair.slots[0], vault: next.vault, secret: pair.one)
        let isRefused = refused(.wrongKey) { _ = try KeyFileCipher.open(next, root: root) }
        #expect(isRefused)
    }

    @Test("the secret of a slot that was removed opens the old file and never the new one")
    func removal() throws {
        let pair = try Pair()
        let next = try KeyFileCipher.resealed(pair.keys, without: pair.slots[0].id).file
        let found = try [opens(next, pair.one) != nil, opens(next, pair.two) != nil]
        #expect(found == [false, true])
        let stillOpensOld = try opens(pair.keys.file, pair.one) != nil
        #expect(stillOpensOld)
        // Put back by a writer of the file, it gives the root before, which is not this file's.
        let slots = next.slots + [pair.slots[0]]
        let forged = try KeyFile(
            kind: next.kind, vault: next.vault, generation: next.generation, slots: slots,
            entries: next.entries, commitment: next.commitment, nonce: next.nonce,
            payload: next.payload)
        let isRefused = refused(.refused) { _ = try opens(forged, pair.one) }
        #expect(isRefused)
    }

    @Test("the last slot cannot be left out")
    func lastSlot() throws {
        let pair = try Pair()
        let single = try KeyFileCipher.resealed(pair.keys, without: pair.slots[0].id)
        #expect(throws: FormatError.outOfRange(field: "slots")) {
            _ = try KeyFileCipher.resealed(single, without: pair.slots[1].id)
        }
    }

    @Test("a slot that is added opens the new file, and those before it too")
    func addition() throws {
        let pair = try Pair()
        let quick = try PassphraseTests.quick.get()
        let next = try KeyFileCipher.resealed(pair.keys) { root in
            try SlotCipher.make(
                label: "spoken", vault: pair.keys.file.vault,
                typed: FixedVault.typed("correct horse"), parameters: quick, root: root,
                createdMicroseconds: 9, stretch: Argon2id())
        }
        let opened = try KeyFileCipher.open(
            next.file, typed: FixedVault.typed("correct horse"), stretch: Argon2id())
        #expect(opened.slot == next.file.slots.last?.id)
        let others = try [opens(next.file, pair.one) != nil, opens(next.file, pair.two) != nil]
        #expect(others == [true, true])
        let isRefused = refused(.wrongKey) {
            _ = try FixedVault.open(pair.keys.file, secret: "correct horse")
        }
        #expect(isRefused)
    }

    @Test("every part of one generation put into the other is refused")
    func mixtures() throws {
        let pair = try Pair()
        let (old, new) = (pair.keys.file, try KeyFileCipher.resealed(pair.keys).file)
        func mixed(
            generation: UInt64? = nil, slots: [KeySlot]? = nil, commitment: [UInt8]? = nil,
            nonce: [UInt8]? = nil, payload: [UInt8]? = nil
        ) throws -> KeyFile {
            try KeyFile(
                kind: new.kind, vault: new.vault, generation: generation ?? new.generation,
                slots: slots ?? new.slots, entries: new.entries,
                commitment: commitment ?? new.commitment, nonce: nonce ?? new.nonce,
                payload: payload ?? new.payload)
        }
        let mixtures = [
            try mixed(generation: old.generation), try mixed(slots: old.slots),
            try mixed(slots: [old.slots[0], new.slots[1]]),
            try mixed(slots: [new.slots[1], new.slots[0]]),
            try mixed(commitment: old.commitment), try mixed(nonce: old.nonce),
            try mixed(payload: old.payload),
        ]
        for (number, file) in mixtures.enumerated() {
            let isRefused = refused(.refused) { _ = try opens(file, pair.one) }
            #expect(isRefused, "mixture \(number)")
        }
    }

    private func refused(_ error: CryptoError, _ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch let other as CryptoError {
            return other == error
        } catch {
            return false
        }
    }
}
