// Key files: one spelling, every other refused. KeyringFormat §2 to §4.

import Testing
import VaultFormat
import VaultTestKit

@Suite("KeyringFormat")
struct KeyFileFormatTests {
    private func vectors() throws -> VectorFile<KeyFileVector> {
        try Vectors.load("keyrings")
    }

    @Test("a key file of the second implementation is its bytes")
    func vectorRoundTrip() throws {
        for vector in try vectors().opens {
            let file = try KeyFile(parsing: vector.file.bytes)
            #expect(file.encoded == vector.file.bytes, "\(vector.rule)")
            #expect(file.kind.rawValue == vector.kind)
            let entries = try #require(vector.entries)
            #expect(file.entries.map(\.purpose.rawValue) == entries.map(\.purpose))
            #expect(file.entries.map(\.number) == entries.map(\.number))
            #expect(file.entries.map(\.state) == entries.map(\.state))
            #expect(file.entries.map(\.createdMicroseconds) == entries.map(\.created))
            #expect(file.entries.map(\.name) == entries.map(\.name))
        }
    }

    @Test("the parser refuses each faulty vector with its code")
    func refusals() throws {
        let refusals = try vectors().refusals.filter { $0.refusedBy == "parser" }
        #expect(refusals.count > 30)
        for vector in refusals {
            let error = formatError { () throws(FormatError) in
                _ = try KeyFile(parsing: vector.file.bytes)
            }
            #expect(error?.code == vector.code, "\(vector.rule)")
        }
    }

    @Test("a faulty vector of a later layer is a well-formed file")
    func laterLayersParse() throws {
        for vector in try vectors().refusals where vector.refusedBy != "parser" {
            #expect(
                try KeyFile(parsing: vector.file.bytes).encoded == vector.file.bytes,
                "\(vector.rule)")
        }
    }

    @Test("any key file is its bytes")
    func property() throws {
        var random = SeededRandom()
        for _ in 0..<100 {
            let file = try randomFile(&random)
            #expect(try KeyFile(parsing: file.encoded) == file)
        }
    }

    @Test(
        "a changed key file is refused or is another one's spelling; a cut one is refused"
    )
    func mutations() throws {
        var random = SeededRandom()
        let bytes = try randomFile(&random).encoded
        for index in bytes.indices {
            for bit in 0..<8 {
                let changed = flipped(bytes, at: index, bit: 1 << UInt8(bit))
                if let other = try? KeyFile(parsing: changed) { #expect(other.encoded == changed) }
            }
            let cut = Array(bytes[..<index])
            #expect(throws: FormatError.self, "cut at \(index)") { try KeyFile(parsing: cut) }
        }
    }

    @Test("a software slot's body is its bytes, whole")
    func slotBody() throws {
        var random = SeededRandom()
        for parameters in [0, 8, 255] {
            let body = try SoftwareSlotBody(
                parameters: random.bytes(parameters), salt: random.bytes(32),
                commitment: random.bytes(32), nonce: random.bytes(24),
                sealedPrivateKey: random.bytes(48))
            let bytes = body.encoded
            #expect(try SoftwareSlotBody(parsing: bytes) == body)
            for count in bytes.indices {
                #expect(throws: FormatError.truncated) {
                    try SoftwareSlotBody(parsing: Array(bytes[..<count]))
                }
            }
            #expect(throws: FormatError.trailingBytes) {
                try SoftwareSlotBody(parsing: bytes + [0])
            }
        }
    }

    @Test("a software slot's body cannot be made with a wrong length")
    func slotBodyBounds() {
        for wrong in 0..<5 {
            var counts = [0, 32, 32, 24, 48]
            counts[wrong] = wrong == 0 ? 256 : counts[wrong] - 1
            let parts = counts.map { [UInt8](repeating: 0, count: $0) }
            #expect(throws: FormatError.outOfRange(field: "slot body")) {
                try SoftwareSlotBody(
                    parameters: parts[0], salt: parts[1], commitment: parts[2], nonce: parts[3],
                    sealedPrivateKey: parts[4])
            }
        }
    }

    @Test("a file of the most slots and the most keys is kept, one more is refused")
    func bounds() throws {
        var random = SeededRandom()
        let slots = try (0...Limits.keySlots).map { _ in try randomSlot(&random) }
        let entries = (1...UInt32(Limits.keyEntries + 1)).map {
            KeyEntry(purpose: .epoch, number: $0, state: 3, createdMicroseconds: 0)
        }
        let most = try file(
            slots: Array(slots.dropLast()), entries: Array(entries.dropLast()), &random)
        #expect(try KeyFile(parsing: most.encoded) == most)
        #expect(throws: FormatError.outOfRange(field: "slots")) {
            try file(slots: slots, entries: [entries[0]], &random)
        }
        #expect(throws: FormatError.outOfRange(field: "entries")) {
            try file(slots: [slots[0]], entries: entries, &random)
        }
    }

    @Test("the checksum of a key file's text is CRC-32")
    func checksum() {
        // The CRC-32 of 32 zero bytes and of 32 bytes of ones are widely published.
        #expect(CheckedText.checksum(count: 32) { _ in 0 } == 0x190A_55AD)
        #expect(CheckedText.checksum(count: 32) { _ in 0xFF } == 0xFF6C_AB0B)
        #expect(CheckedText.keyFile.characters == 17 + 64 + 8)
    }

    // MARK: Random key files

    private func randomSlot(_ random: inout SeededRandom) throws -> KeySlot {
        try KeySlot(
            id: SlotID(checked: random.bytes(16)),
            kind: KeySlot.Kind.allCases.randomElement(using: &random) ?? .keyFile,
            createdMicroseconds: Int64(bitPattern: random.next()),
            label: random.text(of: "aZ09_-.", 1...64), recipient: random.bytes(32),
            sealedRoot: random.bytes(80),
            body: random.bytes(Int.random(in: 0...60, using: &random)))
    }

    private func file(
        slots: [KeySlot], entries: [KeyEntry], _ random: inout SeededRandom
    ) throws -> KeyFile {
        try KeyFile(
            kind: .keyring, vault: VaultID(checked: random.bytes(16)),
            generation: UInt64.random(in: 1...UInt64.max, using: &random), slots: slots,
            entries: entries, commitment: random.bytes(32), nonce: random.bytes(24),
            payload: random.bytes(32 * entries.count + 16))
    }

    private func randomFile(_ random: inout SeededRandom) throws -> KeyFile {
        let slots = try (0..<Int.random(in: 1...3, using: &random)).map { _ in
            try randomSlot(&random)
        }
        let at = Int64(bitPattern: random.next())
        var entries = KeyEntry.Purpose.allCases.prefix(5).map {
            KeyEntry(purpose: $0, createdMicroseconds: at)
        }
        for number in 1...UInt32.random(in: 1...4, using: &random) {
            let state = UInt8.random(in: 1...4, using: &random)
            entries.append(
                KeyEntry(purpose: .epoch, number: number, state: state, createdMicroseconds: at))
        }
        let names = Set((0..<3).map { _ in random.text(of: "az09-", 1...32) }).sorted()
        entries += names.map { KeyEntry(purpose: .naming, createdMicroseconds: at, name: $0) }
        return try file(slots: slots, entries: entries, &random)
    }
}
