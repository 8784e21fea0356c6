// A copy of the vault's state that somebody registered: which epochs it needs to be read again.

package import VaultFormat

package struct BackupRow: AuthenticatedRow, Hashable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let backup: BackupID
    /// When it was registered.
    package let createdMicroseconds: Int64
    /// From when on it is not needed any more; nil for never.
    package let expiresMicroseconds: Int64?
    /// Who registered it.
    package let creator: UInt32
    package var state: BackupState
    /// In rising order.
    package var epochs: [EpochNumber]
    package let note: AdminNote
    /// The log index of the row's last change.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64, backup: BackupID, createdMicroseconds: Int64, expiresMicroseconds: Int64?,
        creator: UInt32, state: BackupState, epochs: [EpochNumber], note: AdminNote,
        changedAt: UInt64, mac: RowMAC
    ) {
        self.row = row
        self.backup = backup
        self.createdMicroseconds = createdMicroseconds
        self.expiresMicroseconds = expiresMicroseconds
        self.creator = creator
        self.state = state
        self.epochs = epochs
        self.note = note
        self.changedAt = changedAt
        self.mac = mac
    }

    /// Whether it would be missed if that epoch went.
    package func needs(_ epoch: EpochNumber, at microseconds: Int64) -> Bool {
        isWanted(at: microseconds) && epochs.contains(epoch)
    }

    /// Neither expired, stranded nor lapsed.
    package func isWanted(at microseconds: Int64) -> Bool {
        state.isKept && expiresMicroseconds ?? .max > microseconds
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 128 + 4 * epochs.count)
        writer.appendShort(Array("backup".utf8))
        writer.append(backup.bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(UInt64(bitPattern: expiresMicroseconds ?? 0))
        writer.append(creator)
        writer.append(state.rawValue)
        writer.append(UInt16(epochs.count))
        for epoch in epochs { writer.append(epoch.value) }
        writer.appendShort(Array(note.text.utf8))
        writer.append(changedAt)
        return writer.bytes
    }
}
