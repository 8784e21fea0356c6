// The rows of incidents.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let incidentColumns = """
        id, incident, cause, principal, actor, opened, creator, note, closed, first, behind, bytes, records,
        digest, grade, ends, setter, changed, mac
        """

    func incident(_ id: IncidentID) throws(StorageError) -> IncidentRow? {
        try first(
            "SELECT \(Self.incidentColumns) FROM incident WHERE incident = ?", [id.bytes]
        ) { row throws in try IncidentRow(row) }
    }

    func incidents(before: Int64, limit: Int) throws(StorageError) -> [IncidentRow] {
        try all(
            "SELECT \(Self.incidentColumns) FROM incident WHERE id < ? ORDER BY id DESC LIMIT ?",
            [before, limit]
        ) { row throws in try IncidentRow(row) }
    }

    func openIncidents(limit: Int) throws(StorageError) -> [IncidentRow] {
        try all(
            "SELECT \(Self.incidentColumns) FROM incident WHERE closed = 0 ORDER BY id LIMIT ?",
            [limit]
        ) { row throws in try IncidentRow(row) }
    }

    func incidentCount() throws(StorageError) -> Int {
        try first("SELECT count(*) FROM incident", []) { row throws in
            try value(row, 0) as Int
        } ?? 0
    }

    func insertIncident(_ incident: IncidentRow) throws(StorageError) {
        try run(
            """
            INSERT INTO incident (incident, cause, principal, actor, opened, creator, note, first, behind, closed,
                bytes, records, digest, grade, ends, setter, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                incident.incident.bytes, incident.cause.name,
                incident.principal?.description ?? "", incident.actor?.bytes ?? [],
                incident.openedMicroseconds, Int64(incident.creator), incident.note.text,
                Int64(clamping: incident.events.lowerBound),
                Int64(clamping: incident.events.upperBound),
            ] + incident.changing)
    }

    func updateIncident(_ incident: IncidentRow) throws(StorageError) {
        try run(
            """
            UPDATE incident SET closed = ?, bytes = ?, records = ?, digest = ?, grade = ?, ends = ?, setter = ?,
                changed = ?, mac = ? WHERE incident = ?
            """, incident.changing + [incident.incident.bytes])
        guard db.changesCount == 1 else { throw .damaged }
    }
}

extension IncidentRow {
    /// What may be another later.
    fileprivate var changing: Bindings {
        [
            closedMicroseconds ?? 0, Int64(clamping: file.bytes), Int64(clamping: file.records),
            file.digest.bytes, Int64(containment?.grade.rawValue ?? 0),
            containment?.endsMicroseconds ?? 0, Int64(containment?.setter ?? 0),
            Int64(clamping: changedAt), mac.bytes,
        ]
    }

    fileprivate init(_ row: RawStatement) throws {
        let principal: String = try value(row, 3)
        let actor = try bytes(row, 4)
        let closed: Int64 = try value(row, 8)
        let (first, behind): (UInt64, UInt64) = (try value(row, 9), try value(row, 10))
        guard first <= behind else { throw StorageError.damaged }
        self.init(
            row: try value(row, 0), incident: try IncidentID(bytes: bytes(row, 1)),
            cause: try IncidentCause(name: value(row, 2)),
            principal: principal.isEmpty ? nil : try PrincipalName(principal),
            actor: actor.isEmpty ? nil : try Pseudonym(bytes: actor),
            openedMicroseconds: try value(row, 5), creator: try value(row, 6),
            note: try AdminNote(value(row, 7)), closedMicroseconds: closed == 0 ? nil : closed,
            events: first..<behind,
            file: Case(
                bytes: try value(row, 11), records: try value(row, 12),
                digest: try Digest256(bytes: bytes(row, 13))),
            containment: try Self.containment(row), changedAt: try value(row, 17),
            mac: try RowMAC(bytes: bytes(row, 18)))
    }

    private static func containment(_ row: RawStatement) throws -> Containment? {
        let (grade, ends, setter): (UInt8, Int64, UInt32) = (
            try value(row, 14), try value(row, 15), try value(row, 16)
        )
        guard grade != 0 else {
            guard ends == 0, setter == 0 else { throw StorageError.damaged }
            return nil
        }
        guard let grade = ContainmentGrade(rawValue: grade) else { throw StorageError.damaged }
        return Containment(grade: grade, endsMicroseconds: ends, setter: setter)
    }
}
