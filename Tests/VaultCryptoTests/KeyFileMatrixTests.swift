// Every way to spoil a key file, byte by byte and part by part, and the code that each is refused with.
// KeyringFormat §2, §3.1 and §5.

import Testing
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The mutation matrix of key files")
struct KeyFileMatrixTests {
    /// What the parser says of a length, a count or a number that does not fit what follows.
    private static let parser: Set<String> = [
        "out-of-range", "truncated", "unknown-value", "invalid-text", "not-canonical",
    ]

    /// A part of the file, and the codes with which a flipped bit in it may be refused.
    private struct Part {
        let name: String
        let bytes: Int
        let codes: Set<String>
    }

    /// The file in its order, with one slot; opened with that slot's secret.
    private static func parts(_ file: KeyFile) throws -> [Part] {
        let slot = file.slots[0]
        let head = [
            Part(name: "magic", bytes: 8, codes: ["wrong-magic"]),
            Part(name: "file kind", bytes: 1, codes: ["unknown-value"]),
            Part(name: "vault", bytes: 16, codes: ["wrong-key"]),
            // The first generation is 1, and there is none before it.
            Part(name: "generation", bytes: 8, codes: ["refused", "out-of-range"]),
            Part(name: "slot count", bytes: 2, codes: parser),
            Part(name: "slot id", bytes: 16, codes: ["wrong-key"]),
            // Either no kind, or one that this secret is not for.
            Part(name: "slot kind", bytes: 1, codes: ["unknown-value", "wrong-key"]),
            Part(name: "slot created", bytes: 8, codes: ["refused"]),
            Part(name: "label size", bytes: 1, codes: parser),
            Part(name: "label", bytes: slot.label.utf8.count, codes: ["refused", "invalid-text"]),
            Part(name: "recipient", bytes: 32, codes: ["wrong-key"]),
            Part(name: "sealed root", bytes: 80, codes: ["refused"]),
            Part(name: "body size", bytes: 2, codes: parser),
            Part(name: "parameters size", bytes: 1, codes: ["truncated"]),
            Part(name: "salt", bytes: 32, codes: ["wrong-key"]),
            Part(name: "slot commitment", bytes: 32, codes: ["wrong-key"]),
            Part(name: "slot nonce", bytes: 24, codes: ["refused"]),
            Part(name: "sealed private key", bytes: 48, codes: ["refused"]),
            Part(name: "entry count", bytes: 2, codes: parser),
        ]
        let entries = file.entries.flatMap { entry in
            [
                Part(name: "purpose", bytes: 1, codes: parser.union(["refused"])),
                Part(name: "number", bytes: 4, codes: numbers(entry)),
                Part(name: "state", bytes: 1, codes: numbers(entry)),
                Part(name: "created", bytes: 8, codes: ["refused"]),
                Part(name: "name size", bytes: 1, codes: parser),
                Part(
                    name: "name", bytes: entry.name.utf8.count, codes: ["refused", "invalid-text"]),
            ]
        }
        let end = [
            Part(name: "commitment", bytes: 32, codes: ["refused"]),
            Part(name: "nonce", bytes: 24, codes: ["refused"]),
            Part(name: "payload", bytes: file.payload.count, codes: ["refused"]),
        ]
        return head + entries + end
    }

    /// Only an epoch has a number and a state that could be other ones.
    private static func numbers(_ entry: KeyEntry) -> Set<String> {
        entry.purpose == .epoch ? ["refused", "out-of-range"] : ["out-of-range"]
    }

    @Test("each bit of each part of a file is refused with that part's code")
    func flips() throws {
        let keys = try Keys()
        let bytes = keys.single.encoded
        let parts = try Self.parts(keys.single)
        #expect(parts.map(\.bytes).reduce(0, +) == bytes.count)
        var place = 0
        for part in parts {
            for index in place..<place + part.bytes {
                for bit in 0..<8 {
                    let code = keys.code(of: flipped(bytes, at: index, bit: 1 << UInt8(bit)))
                    #expect(
                        part.codes.contains(code ?? "opens"),
                        "\(part.name), byte \(index - place), bit \(bit): \(code ?? "opens")")
                }
            }
            place += part.bytes
        }
    }

    @Test("a file that ends early is truncated, one whose payload is short or long is out of range")
    func cuts() throws {
        let keys = try Keys()
        let bytes = keys.single.encoded
        let payload = bytes.count - keys.single.payload.count
        for count in bytes.indices {
            let code = keys.code(of: Array(bytes[..<count]))
            #expect(code == (count < payload ? "truncated" : "out-of-range"), "\(count) bytes")
        }
        for more in [[0], [UInt8](repeating: 0, count: 32)] {
            #expect(keys.code(of: bytes + more) == "out-of-range")
        }
    }

    @Test("with the root in hand, another header or commitment is a wrong key, the rest is refused")
    func withRoot() throws {
        let keys = try Keys()
        let file = keys.single
        func code(
            generation: UInt64? = nil, entries: [KeyEntry]? = nil, commitment: [UInt8]? = nil,
            nonce: [UInt8]? = nil, payload: [UInt8]? = nil
        ) throws -> String? {
            let changed = try KeyFile(
                kind: file.kind, vault: file.vault, generation: generation ?? file.generation,
                slots: file.slots, entries: entries ?? file.entries,
                commitment: commitment ?? file.commitment, nonce: nonce ?? file.nonce,
                payload: payload ?? file.payload)
            return refusal {
                let root = try SlotCipher.open(file.slots[0], vault: file.vault, secret: keys.one)
                _ = try KeyFileCipher.open(changed, root: root)
            }
        }
        #expect(try code() == nil)
        for generation in [2, 3, UInt64.max] {
            #expect(try code(generation: generation) == "wrong-key")
        }
        let later = Keyring.initialEntries(createdMicroseconds: 4).sorted { $0.precedes($1) }
        #expect(try code(entries: later) == "wrong-key")
        for index in file.commitment.indices {
            #expect(try code(commitment: flipped(file.commitment, at: index)) == "wrong-key")
        }
        for index in file.nonce.indices {
            #expect(try code(nonce: flipped(file.nonce, at: index)) == "refused")
        }
        for index in file.payload.indices {
            #expect(try code(payload: flipped(file.payload, at: index)) == "refused")
        }
    }

    // MARK: Swaps

    /// A part of a key file that can be put into another one.
    enum FilePart: CaseIterable {
        case kind, vault, generation, slots, entries, commitment, nonce, payload, sealed
    }

    /// A file of the same vault's next generation, of another vault, or of the other kind; each with a slot
    /// that the same secret opens.
    enum Donor: CaseIterable {
        case nextGeneration, otherVault, logKey

        /// What becomes of a file with that part of this one; nil where the part is the same in both.
        func code(_ part: FilePart) -> String? {
            switch (self, part) {
            case (.nextGeneration, .kind), (.nextGeneration, .vault), (.nextGeneration, .entries),
                (.otherVault, .kind), (.otherVault, .generation), (.logKey, .vault),
                (.logKey, .generation):
                nil
            // A slot opens in its own vault only.
            case (.otherVault, .vault), (.otherVault, .slots): "wrong-key"
            // It has another number of keys.
            case (.logKey, .entries), (.logKey, .payload), (.logKey, .sealed): "out-of-range"
            default: "refused"
            }
        }
    }

    @Test("a part of another file in a key file is refused", arguments: Donor.allCases)
    func swappedParts(donor: Donor) throws {
        let keys = try Keys()
        let (file, other) = (keys.pair, keys.donor(donor))
        for part in FilePart.allCases {
            let code = refusal {
                let mixed = try KeyFile(
                    kind: (part == .kind ? other : file).kind,
                    vault: (part == .vault ? other : file).vault,
                    generation: (part == .generation ? other : file).generation,
                    slots: (part == .slots ? other : file).slots,
                    entries: (part == .entries ? other : file).entries,
                    commitment: (part == .commitment || part == .sealed ? other : file).commitment,
                    nonce: (part == .nonce || part == .sealed ? other : file).nonce,
                    payload: (part == .payload || part == .sealed ? other : file).payload)
                if donor.code(part) == nil { #expect(mixed == file) }
                try keys.open(mixed)
            }
            #expect(code == donor.code(part), "\(part)")
        }
    }

    @Test("a part of another slot in a slot is refused, with either slot's secret")
    func swappedSlotParts() throws {
        let keys = try Keys()
        let (one, two) = (keys.pair.slots[0], keys.pair.slots[1])
        func slot(
            id: KeySlot? = nil, created: KeySlot? = nil, label: KeySlot? = nil,
            recipient: KeySlot? = nil, root: KeySlot? = nil, body: KeySlot? = nil
        ) throws -> KeySlot {
            try KeySlot(
                id: (id ?? one).id, kind: one.kind,
                createdMicroseconds: (created ?? one).createdMicroseconds,
                label: (label ?? one).label, recipient: (recipient ?? one).recipient,
                sealedRoot: (root ?? one).sealedRoot, body: (body ?? one).body)
        }
        /// The codes with the secret of the slot itself and with that of the other.
        let rows: [(String, KeySlot, [String])] = [
            ("id", try slot(id: two), ["wrong-key", "wrong-key"]),
            ("created", try slot(created: two), ["refused", "wrong-key"]),
            ("label", try slot(label: two), ["refused", "wrong-key"]),
            ("recipient", try slot(recipient: two), ["wrong-key", "wrong-key"]),
            ("sealed root", try slot(root: two), ["refused", "wrong-key"]),
            ("body", try slot(body: two), ["wrong-key", "wrong-key"]),
            (
                "recipient and body", try slot(recipient: two, body: two),
                ["wrong-key", "wrong-key"]
            ),
            (
                "all but the id",
                try slot(created: two, label: two, recipient: two, root: two, body: two),
                ["wrong-key", "wrong-key"]
            ),
        ]
        for (name, changed, codes) in rows {
            let file = try keys.pair.with(slots: [changed])
            let found = [
                refusal { _ = try KeyFileCipher.open(file, kind: .keyFile, secret: keys.one) },
                refusal { _ = try KeyFileCipher.open(file, kind: .keyFile, secret: keys.two) },
            ]
            #expect(found == codes, "\(name)")
        }
    }

    @Test("slots that change places, come twice, come from before or are missing are refused")
    func swappedSlots() throws {
        let keys = try Keys()
        let slots = keys.pair.slots
        let earlier = keys.single.slots[0]
        let next = keys.donor(.nextGeneration).slots
        let cases: [(String, [KeySlot], String)] = [
            ("in the other order", [slots[1], slots[0]], "refused"),
            ("one alone", [slots[0]], "refused"),
            ("the other alone", [slots[1]], "wrong-key"),
            ("one twice", [slots[0], slots[0]], "not-canonical"),
            ("a third", slots + [earlier], "refused"),
            ("only another file's", [earlier], "refused"),
            ("the next generation's beside its own", [next[0], slots[1]], "refused"),
        ]
        for (name, changed, code) in cases {
            let found = refusal { try keys.open(try keys.pair.with(slots: changed)) }
            #expect(found == code, "\(name)")
        }
    }

    @Test("no secret and no root of one generation opens the other, once its slot was removed")
    func generations() throws {
        let keys = try Keys()
        let removed = try KeyFileCipher.resealed(keys.pairKeys, without: keys.pair.slots[0].id).file
        let codes = [
            // The removed slot's secret, and the root that it gave, with the current keyring.
            refusal { try keys.open(removed) },
            refusal {
                let root = try SlotCipher.open(
                    keys.pair.slots[0], vault: keys.pair.vault, secret: keys.one)
                _ = try KeyFileCipher.open(removed, root: root)
            },
            // The new root with the keyring of before.
            refusal {
                let root = try SlotCipher.open(
                    removed.slots[0], vault: removed.vault, secret: keys.two)
                _ = try KeyFileCipher.open(keys.pair, root: root)
            },
            // What is left opens, and so does an older file with the secret of its time: §6.
            refusal { _ = try KeyFileCipher.open(removed, kind: .keyFile, secret: keys.two) },
            refusal { try keys.open(keys.pair) },
        ]
        #expect(codes == ["wrong-key", "wrong-key", "wrong-key", nil, nil])
    }
}

/// The code with which `body` ends; nil when it ends well.
private func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return code(of: error)
    }
}

/// Key files with two secrets: one of one slot, one of two, and those that parts are taken from.
private final class Keys {
    let one: Secret<SlotSecret>
    let two: Secret<SlotSecret>
    let single: KeyFile
    let pairKeys: OpenKeyFile
    var pair: KeyFile { pairKeys.file }
    private let donors: [KeyFileMatrixTests.Donor: KeyFile]

    init() throws {
        let vault: VaultID = try Random.id()
        let stranger: VaultID = try Random.id()
        one = try .random()
        two = try .random()
        let entries = Keyring.initialEntries(createdMicroseconds: 3)
        let later = Keyring.initialEntries(createdMicroseconds: 4)
        let seed = KeyEntry(purpose: .logSigning, number: 1, createdMicroseconds: 3)
        single = try Self.single(vault, entries, one)
        pairKeys = try Self.pair(.keyring, vault, entries, one, two)
        donors = [
            .nextGeneration: try KeyFileCipher.resealed(pairKeys).file,
            .otherVault: try Self.pair(.keyring, stranger, later, one, two).file,
            .logKey: try Self.pair(.logKey, vault, [seed], one, two).file,
        ]
    }

    private static func single(
        _ vault: VaultID, _ entries: [KeyEntry], _ secret: borrowing Secret<SlotSecret>
    ) throws -> KeyFile {
        let root = try Secret<RootKey>.random()
        let slot = try SlotCipher.make(
            kind: .keyFile, label: "one", vault: vault, secret: secret, root: root,
            createdMicroseconds: 1)
        return try KeyFileCipher.make(
            kind: .keyring, vault: vault, slots: [slot], entries: entries, root: root
        ).file
    }

    private static func pair(
        _ kind: KeyFile.Kind, _ vault: VaultID, _ entries: [KeyEntry],
        _ one: borrowing Secret<SlotSecret>, _ two: borrowing Secret<SlotSecret>
    ) throws -> OpenKeyFile {
        let root = try Secret<RootKey>.random()
        let slots = [
            try SlotCipher.make(
                kind: .keyFile, label: "one", vault: vault, secret: one, root: root,
                createdMicroseconds: 1),
            try SlotCipher.make(
                kind: .keyFile, label: "two", vault: vault, secret: two, root: root,
                createdMicroseconds: 2),
        ]
        return try KeyFileCipher.make(
            kind: kind, vault: vault, slots: slots, entries: entries, root: root)
    }

    func donor(_ donor: KeyFileMatrixTests.Donor) -> KeyFile { donors[donor] ?? single }

    /// Opens a file as a vault does: with the first secret, as a keyring.
    func open(_ file: KeyFile) throws {
        _ = try KeyFileCipher.open(file, kind: .keyFile, secret: one)
    }

    func code(of bytes: [UInt8]) -> String? {
        refusal { try open(try KeyFile(parsing: bytes)) }
    }
}

extension KeyFile {
    fileprivate func with(slots: [KeySlot]) throws -> KeyFile {
        try KeyFile(
            kind: kind, vault: vault, generation: generation, slots: slots, entries: entries,
            commitment: commitment, nonce: nonce, payload: payload)
    }
}
