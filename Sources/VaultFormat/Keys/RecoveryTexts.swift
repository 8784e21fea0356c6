/// What a vault gives to the holder of a recovery key, who answers it away from the vault's machine.
/// KeyringFormat §3.4.
package struct RecoveryChallenge: Hashable, Sendable {
    package let vault: VaultID
    package let slot: SlotID
    /// Of the key file that the answer opens.
    package let generation: UInt64
    /// The X25519 key of this challenge: the answer is sealed to it.
    package let session: [UInt8]
    /// As it stands in the slot.
    package let sealedRoot: [UInt8]

    package static let byteCount =
        VaultID.byteCount + SlotID.byteCount + 8 + KeySlot.recipientBytes + KeySlot.sealedRootBytes

    package init(
        vault: VaultID, slot: SlotID, generation: UInt64, session: [UInt8], sealedRoot: [UInt8]
    ) {
        precondition(session.count == KeySlot.recipientBytes)
        precondition(sealedRoot.count == KeySlot.sealedRootBytes)
        self.vault = vault
        self.slot = slot
        self.generation = generation
        self.session = session
        self.sealedRoot = sealedRoot
    }

    package var text: String {
        var writer = ByteWriter(reserving: Self.byteCount)
        writer.append(vault.bytes)
        writer.append(slot.bytes)
        writer.append(generation)
        writer.append(session)
        writer.append(sealedRoot)
        return CheckedText.challenge.text(writer.bytes)
    }

    /// - Throws: ``FormatError/invalidText(field:)``, or `out-of-range` for a generation of 0.
    package init(text: [UInt8]) throws(FormatError) {
        var reader = ByteReader(try CheckedText.challenge.bytes(text))
        vault = try VaultID(bytes: reader.read(VaultID.byteCount))
        slot = try SlotID(bytes: reader.read(SlotID.byteCount))
        generation = try reader.read()
        session = try reader.read(KeySlot.recipientBytes)
        sealedRoot = try reader.read(KeySlot.sealedRootBytes)
        guard generation > 0 else { throw .outOfRange(field: "generation") }
    }
}

/// The root key of a challenge, sealed to that challenge's session key.
package struct RecoveryAnswer: Hashable, Sendable {
    package let slot: SlotID
    package let box: [UInt8]

    package static let byteCount = SlotID.byteCount + KeySlot.sealedRootBytes

    package init(slot: SlotID, box: [UInt8]) {
        precondition(box.count == KeySlot.sealedRootBytes)
        self.slot = slot
        self.box = box
    }

    package var text: String { CheckedText.answer.text(slot.bytes + box) }

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(text: [UInt8]) throws(FormatError) {
        var reader = ByteReader(try CheckedText.answer.bytes(text))
        slot = try SlotID(bytes: reader.read(SlotID.byteCount))
        box = try reader.read(KeySlot.sealedRootBytes)
    }
}
