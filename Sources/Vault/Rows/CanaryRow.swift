// An image that nobody has a reason to ask for. The image's own row says nothing of it.

package import VaultFormat

package struct CanaryRow: AuthenticatedRow, Hashable, Sendable {
    package let place: ImagePlace
    /// When it was planted, and by whom.
    package let createdMicroseconds: Int64
    package let creator: UInt32
    package let note: AdminNote
    /// The log index of the event that planted it.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        place: ImagePlace, createdMicroseconds: Int64, creator: UInt32, note: AdminNote,
        changedAt: UInt64 = 0, mac: RowMAC = RowMAC(checked: [])
    ) {
        self.place = place
        self.createdMicroseconds = createdMicroseconds
        self.creator = creator
        self.note = note
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 320)
        writer.appendShort(Array("canary".utf8))
        writer.appendShort(place.namespace.bytes)
        writer.append(place.image.bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(creator)
        writer.appendShort(Array(note.text.utf8))
        writer.append(changedAt)
        return writer.bytes
    }
}
