// The rules of incidents.

import Vault
import VaultFormat

extension CatalogConformance {
    static let incidentRules = [
        Rule("an incident is found by its id, as it was changed last", incidents),
        Rule("incidents come newest first, and those that are open by themselves", incidentPages),
    ]

    private static func incidents(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for principal in [nil, try PrincipalName("web")] {
            var incident = try rows.incident(of: principal)
            try catalog.transact { try $0.insertIncident(incident) }
            incident.row = try catalog.look { try $0.incident(incident.incident) }?.row ?? 0
            try require(incident.row > 0, "no row")
            try same(
                try catalog.look { try $0.incident(incident.incident) }, Optional(incident))
            for grade in ContainmentGrade.allCases.map(Optional.init) + [nil] {
                incident.containment = grade.map {
                    .init(grade: $0, endsMicroseconds: 17, setter: 4)
                }
                incident.file = .init(bytes: 900, records: 5, digest: rows.id())
                incident.closedMicroseconds = grade == nil ? 12 : nil
                incident.changedAt = 14
                incident.mac = rows.id()
                let changed = incident
                try catalog.transact { try $0.updateIncident(changed) }
                try same(
                    try catalog.look { try $0.incident(changed.incident) }, Optional(changed))
            }
            let made = incident
            try refuses(StorageError.damaged) {
                try catalog.transact { try $0.insertIncident(made) }
            }
        }
        let unknown = try rows.incident(of: nil)
        try same(try catalog.look { try $0.incident(unknown.incident) }, nil)
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateIncident(unknown) }
        }
    }

    private static func incidentPages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [IncidentRow] = []
        for _ in 0..<5 {
            var incident = try rows.incident(of: nil)
            try catalog.transact { try $0.insertIncident(incident) }
            incident.row = try catalog.look { try $0.incident(incident.incident) }?.row ?? 0
            made.append(incident)
        }
        try same(
            try catalog.look { try $0.incidents(before: made[4].row, limit: 2) },
            [made[3], made[2]])
        made[1].closedMicroseconds = 5
        let closed = made[1]
        try catalog.transact { try $0.updateIncident(closed) }
        try same(
            try catalog.look { try $0.openIncidents(limit: 3) }, [made[0], made[2], made[3]])
        try same(try catalog.look { try $0.incidentCount() }, 5)
    }
}
