// A copy of the keyring that somebody registered: which epochs it opens, together with the secret of a slot,
// until somebody attests that it is destroyed.

package import VaultFormat

package struct EscrowRow: AuthenticatedRow, Hashable, Sendable {
    /// Who says that it is destroyed, and when.
    package struct Attestation: Hashable, Sendable {
        package let uid: UInt32
        package let atMicroseconds: Int64

        package init(uid: UInt32, atMicroseconds: Int64) {
            self.uid = uid
            self.atMicroseconds = atMicroseconds
        }
    }

    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let escrow: EscrowID
    /// When it was registered, and by whom.
    package let createdMicroseconds: Int64
    package let creator: UInt32
    /// In rising order.
    package var epochs: [EpochNumber]
    package let note: AdminNote
    /// Nil while it is there.
    package var destroyed: Attestation?
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64 = 0, escrow: EscrowID, createdMicroseconds: Int64, creator: UInt32,
        epochs: [EpochNumber], note: AdminNote, destroyed: Attestation? = nil,
        changedAt: UInt64 = 0, mac: RowMAC = RowMAC(checked: [])
    ) {
        self.row = row
        self.escrow = escrow
        self.createdMicroseconds = createdMicroseconds
        self.creator = creator
        self.epochs = epochs
        self.note = note
        self.destroyed = destroyed
        self.changedAt = changedAt
        self.mac = mac
    }

    /// Whether it opens what was wrapped under some epoch up to this one.
    package func opens(upTo epoch: EpochNumber) -> Bool { epochs.contains { $0 <= epoch } }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 128 + 4 * epochs.count)
        writer.appendShort(Array("escrow".utf8))
        writer.append(escrow.bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(creator)
        writer.append(UInt16(epochs.count))
        for epoch in epochs { writer.append(epoch.value) }
        writer.appendShort(Array(note.text.utf8))
        writer.append(UInt8(destroyed == nil ? 0 : 1))
        writer.append(destroyed?.uid ?? 0)
        writer.append(UInt64(bitPattern: destroyed?.atMicroseconds ?? 0))
        writer.append(changedAt)
        return writer.bytes
    }
}
