// Something that went wrong, the case that is kept of it, and what it takes from whom.

import VaultCrypto
package import VaultFormat

package struct IncidentRow: AuthenticatedRow, Hashable, Sendable {
    /// What its principal, or the vault, is contained to.
    package struct Containment: Hashable, Sendable {
        package let grade: ContainmentGrade
        package let endsMicroseconds: Int64
        /// Who set it.
        package let setter: UInt32

        package init(grade: ContainmentGrade, endsMicroseconds: Int64, setter: UInt32) {
            self.grade = grade
            self.endsMicroseconds = endsMicroseconds
            self.setter = setter
        }

        func isOver(at microseconds: Int64) -> Bool { endsMicroseconds <= microseconds }
    }

    /// The case's file, up to where the log says that it goes.
    package struct Case: Hashable, Sendable {
        package let bytes: Int
        package let records: Int
        /// SHA-256 of those bytes.
        package let digest: Digest256

        package init(bytes: Int, records: Int, digest: Digest256) {
            self.bytes = bytes
            self.records = records
            self.digest = digest
        }

        init(_ end: CaseEnd) {
            self.init(bytes: end.bytes, records: end.records, digest: end.digest)
        }
    }

    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let incident: IncidentID
    package let cause: IncidentCause
    /// Nil where it is about the vault.
    package let principal: PrincipalName?
    /// For whom the principal said it asked.
    package let actor: Pseudonym?
    /// When it was opened, and by whom.
    package let openedMicroseconds: Int64
    package let creator: UInt32
    package let note: AdminNote
    /// Nil while it is open.
    package var closedMicroseconds: Int64?
    /// The events that its case has.
    package let events: Range<UInt64>
    package var file: Case
    package var containment: Containment?
    /// The log index of its last event.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64 = 0, incident: IncidentID, cause: IncidentCause, principal: PrincipalName?,
        actor: Pseudonym?, openedMicroseconds: Int64, creator: UInt32, note: AdminNote,
        closedMicroseconds: Int64? = nil, events: Range<UInt64>, file: Case,
        containment: Containment? = nil, changedAt: UInt64 = 0, mac: RowMAC = RowMAC(checked: [])
    ) {
        self.row = row
        self.incident = incident
        self.cause = cause
        self.principal = principal
        self.actor = actor
        self.openedMicroseconds = openedMicroseconds
        self.creator = creator
        self.note = note
        self.closedMicroseconds = closedMicroseconds
        self.events = events
        self.file = file
        self.containment = containment
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 384)
        writer.appendShort(Array("incident".utf8))
        writer.append(incident.bytes)
        writer.appendShort(Array(cause.name.utf8))
        writer.appendShort(Array((principal?.description ?? "").utf8))
        writer.appendShort(actor?.bytes ?? [])
        writer.append(UInt64(bitPattern: openedMicroseconds))
        writer.append(creator)
        writer.appendShort(Array(note.text.utf8))
        writer.append(UInt64(bitPattern: closedMicroseconds ?? 0))
        writer.append(events.lowerBound)
        writer.append(events.upperBound)
        writer.append(UInt64(clamping: file.bytes))
        writer.append(UInt32(clamping: file.records))
        writer.append(file.digest.bytes)
        writer.append(containment?.grade.rawValue ?? 0)
        writer.append(UInt64(bitPattern: containment?.endsMicroseconds ?? 0))
        writer.append(containment?.setter ?? 0)
        writer.append(changedAt)
        return writer.bytes
    }

    package var isOpen: Bool { closedMicroseconds == nil }

    /// Whether it is of the same thing, so that no other is opened beside it.
    func isOf(_ cause: IncidentCause, _ principal: PrincipalName?, _ actor: Pseudonym?) -> Bool {
        isOpen && self.cause == cause && self.principal == principal && self.actor == actor
    }
}
