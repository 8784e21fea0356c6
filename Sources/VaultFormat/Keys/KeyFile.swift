/// A file of sealed keys: slots that lead to a root key, and keys sealed under that root.
/// KeyringFormat §2. The vault's keyring and the log's signing key are each one of these.
package struct KeyFile: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        case keyring = 1
        case logKey = 2

        package var name: String {
            switch self {
            case .keyring: "keyring"
            case .logKey: "log-key"
            }
        }
    }

    package let kind: Kind
    package let vault: VaultID
    /// Counts every rewriting of the file, from 1.
    package let generation: UInt64
    package let slots: [KeySlot]
    package let entries: [KeyEntry]
    /// Proves that the payload opens under one root key only.
    package let commitment: [UInt8]
    package let nonce: [UInt8]
    /// 32 bytes an entry, in the entries' order, and the tag.
    package let payload: [UInt8]

    private static let magic = Array("IVKEYS".utf8) + [0, 1]
    package static let commitmentBytes = 32
    package static let nonceBytes = 24
    package static let keyBytes = 32
    package static let tagBytes = 16

    package init(
        kind: Kind, vault: VaultID, generation: UInt64, slots: [KeySlot], entries: [KeyEntry],
        commitment: [UInt8], nonce: [UInt8], payload: [UInt8]
    ) throws(FormatError) {
        guard generation > 0 else { throw .outOfRange(field: "generation") }
        guard (1...Limits.keySlots).contains(slots.count) else { throw .outOfRange(field: "slots") }
        guard (1...Limits.keyEntries).contains(entries.count) else {
            throw .outOfRange(field: "entries")
        }
        guard zip(entries, entries.dropFirst()).allSatisfy({ $0.precedes($1) }),
            Set(slots.map(\.id)).count == slots.count
        else { throw .notCanonical(field: "order") }
        guard commitment.count == Self.commitmentBytes, nonce.count == Self.nonceBytes,
            payload.count == entries.count * Self.keyBytes + Self.tagBytes
        else { throw .outOfRange(field: "payload") }
        self.kind = kind
        self.vault = vault
        self.generation = generation
        self.slots = slots
        self.entries = entries
        self.commitment = commitment
        self.nonce = nonce
        self.payload = payload
    }

    /// Everything that the payload's key is derived from: kind, vault, generation, slots, entries.
    package static func header(
        kind: Kind, vault: VaultID, generation: UInt64, slots: [KeySlot], entries: [KeyEntry]
    ) -> [UInt8] {
        var writer = ByteWriter(reserving: 1024)
        writer.append(magic)
        writer.append(kind.rawValue)
        writer.append(vault.bytes)
        writer.append(generation)
        writer.append(UInt16(slots.count))
        for slot in slots { slot.write(to: &writer) }
        writer.append(UInt16(entries.count))
        for entry in entries { entry.write(to: &writer) }
        return writer.bytes
    }

    package var header: [UInt8] {
        Self.header(
            kind: kind, vault: vault, generation: generation, slots: slots, entries: entries)
    }

    package var encoded: [UInt8] { header + commitment + nonce + payload }

    /// - Throws: ``FormatError`` for anything but the one spelling of a key file.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        try reader.expect(Self.magic)
        guard let kind = Kind(rawValue: try reader.read()) else {
            throw .unknownValue(field: "file kind")
        }
        let vault = try VaultID(bytes: reader.read(VaultID.byteCount))
        let generation = try reader.read(UInt64.self)
        var slots: [KeySlot] = []
        for _ in 0..<(try reader.read(UInt16.self)) { slots.append(try KeySlot(reading: &reader)) }
        var entries: [KeyEntry] = []
        for _ in 0..<(try reader.read(UInt16.self)) {
            entries.append(try KeyEntry(reading: &reader))
        }
        let commitment = try reader.read(Self.commitmentBytes)
        let nonce = try reader.read(Self.nonceBytes)
        let payload = try reader.read(reader.remaining)
        try self.init(
            kind: kind, vault: vault, generation: generation, slots: slots, entries: entries,
            commitment: commitment, nonce: nonce, payload: payload)
    }
}
