/// Where a registered backup stands. The numbers are the catalog's: they never change their meaning.
package enum BackupState: UInt8, Sendable, CaseIterable {
    /// It is there, and wanted.
    case kept = 1
    /// Somebody said that it is not needed any more.
    case expired = 2
    /// An epoch that it needs was given up, knowing of it.
    case stranded = 3
    /// It is on its way out of the vault, or stopped there: it needs its epochs as one that is there.
    case making = 4

    /// Whether it may be read again one day.
    package var isKept: Bool { self == .kept || self == .making }

    package var name: String {
        switch self {
        case .kept: "kept"
        case .expired: "expired"
        case .stranded: "stranded"
        case .making: "making"
        }
    }
}

/// What an admin says of a backup, a copy of the keyring or a hold: up to 200 printable ASCII characters, kept in clear.
package struct AdminNote: Hashable, Sendable {
    package let text: String

    package static let none = AdminNote(checked: "")

    private init(checked text: String) { self.text = text }

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        guard text.utf8.count <= Limits.adminNoteBytes,
            text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { throw .invalidText(field: "note") }
        self.text = text
    }
}

/// An epoch that is to be destroyed, and the backups that are given up with it. ObjectFormat §8.
package struct EpochDestruction: Hashable, Sendable {
    package let epoch: EpochNumber
    /// In rising order, each once.
    package let stranded: [BackupID]

    /// - Throws: ``FormatError/outOfRange(field:)`` for more than ``Limits/strandedBackups``.
    package init(epoch: EpochNumber, stranded: some Sequence<BackupID>) throws(FormatError) {
        let ids = Set(stranded).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        guard ids.count <= Limits.strandedBackups else { throw .outOfRange(field: "stranded") }
        self.epoch = epoch
        self.stranded = ids
    }

    /// Epoch, how many backups, and each.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 6 + stranded.count * BackupID.byteCount)
        writer.append(epoch.value)
        writer.append(UInt16(stranded.count))
        for backup in stranded { writer.append(backup.bytes) }
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let epoch = try EpochNumber(reader.read(UInt32.self))
        let count = try reader.read(UInt16.self)
        var stranded: [BackupID] = []
        for _ in 0..<count {
            stranded.append(try BackupID(bytes: reader.read(BackupID.byteCount)))
        }
        try reader.finish()
        try self.init(epoch: epoch, stranded: stranded)
        guard self.stranded == stranded else { throw .notCanonical(field: "stranded") }
    }
}
