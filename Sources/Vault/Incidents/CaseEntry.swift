// What is written into a case after its evidence: one line each. CaseFormat §4.

package import VaultFormat

package struct CaseEntry: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case noted
        case contained
        case ended
        case closed
    }

    package let kind: Kind
    package let atMicroseconds: Int64
    /// Whose doing it was; nil for the vault's own.
    package let uid: UInt32?
    package var grade: ContainmentGrade?
    package var untilMicroseconds: Int64?
    package var note: AdminNote

    init(
        _ kind: Kind, _ event: Event, grade: ContainmentGrade? = nil,
        untilMicroseconds: Int64? = nil, note: AdminNote = .none
    ) {
        self.kind = kind
        atMicroseconds = event.atMicroseconds
        uid = event.caller?.uid
        self.grade = grade
        self.untilMicroseconds = untilMicroseconds
        self.note = note
    }

    var line: [UInt8] {
        var line = JSONLine()
        line.add("entry", kind.rawValue)
        line.add("at", Timestamp.text(microseconds: atMicroseconds))
        if let uid { line.add("uid", UInt64(uid)) }
        if let grade { line.add("grade", grade.name) }
        if let untilMicroseconds {
            line.add("until", Timestamp.text(microseconds: untilMicroseconds))
        }
        if !note.text.isEmpty { line.add("note", note.text) }
        return line.finished
    }
}

/// A case as it is handed out.
package struct ExportedCase: Sendable {
    package let incident: IncidentRow
    /// One line.
    package let manifest: String
    /// A line each.
    package let census: [String]
    package let entries: [String]
    package let bundle: String
}
