// What may not be erased, whoever asks.

package import VaultFormat

/// What a hold is on.
package enum HoldSubject: Hashable, Sendable {
    /// No claim on the image may go.
    case image(NamespaceName, ImageID)
    /// No claim of the owner, or of the job, may go.
    case owner(NamespaceName, BlindIndex)
    case job(NamespaceName, BlindIndex)
    /// The backup may not be given up.
    case backup(BackupID)

    package var kind: HoldKind {
        switch self {
        case .image: .image
        case .owner: .owner
        case .job: .job
        case .backup: .backup
        }
    }

    /// Nil for what is of no namespace.
    package var namespace: NamespaceName? {
        switch self {
        case .image(let namespace, _), .owner(let namespace, _), .job(let namespace, _): namespace
        case .backup: nil
        }
    }

    /// The column.
    package var bytes: [UInt8] {
        switch self {
        case .image(_, let image): image.bytes
        case .owner(_, let index), .job(_, let index): index.bytes
        case .backup(let backup): backup.bytes
        }
    }

    /// - Throws: ``FormatError`` for what is no subject of that kind.
    package init(
        _ kind: HoldKind, _ namespace: NamespaceName?, _ bytes: [UInt8]
    ) throws(FormatError) {
        switch (kind, namespace) {
        case (.image, let namespace?): self = .image(namespace, try ImageID(bytes: bytes))
        case (.owner, let namespace?): self = .owner(namespace, try BlindIndex(bytes: bytes))
        case (.job, let namespace?): self = .job(namespace, try BlindIndex(bytes: bytes))
        case (.backup, nil): self = .backup(try BackupID(bytes: bytes))
        default: throw .invalidText(field: "namespace")
        }
    }
}

package struct HoldRow: AuthenticatedRow, Hashable, Sendable {
    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let hold: HoldID
    package let subject: HoldSubject
    /// When it was placed, and by whom.
    package let createdMicroseconds: Int64
    package let creator: UInt32
    package let note: AdminNote
    /// The log index of the event that placed it.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64 = 0, hold: HoldID, subject: HoldSubject, createdMicroseconds: Int64,
        creator: UInt32, note: AdminNote, changedAt: UInt64 = 0, mac: RowMAC = RowMAC(checked: [])
    ) {
        self.row = row
        self.hold = hold
        self.subject = subject
        self.createdMicroseconds = createdMicroseconds
        self.creator = creator
        self.note = note
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 192)
        writer.appendShort(Array("hold".utf8))
        writer.append(hold.bytes)
        writer.append(subject.kind.rawValue)
        writer.appendShort(subject.namespace?.bytes ?? [])
        writer.appendShort(subject.bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(creator)
        writer.appendShort(Array(note.text.utf8))
        writer.append(changedAt)
        return writer.bytes
    }
}
