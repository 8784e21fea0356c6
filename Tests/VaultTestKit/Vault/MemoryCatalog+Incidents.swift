// Incidents, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func incident(_ id: IncidentID) throws(StorageError) -> IncidentRow? {
        try faults.pass("incident")
        return tables.incidents.first { $0.incident == id }
    }

    func incidents(before: Int64, limit: Int) throws(StorageError) -> [IncidentRow] {
        try faults.pass("incidents")
        return Array(tables.incidents.reversed().filter { $0.row < before }.prefix(limit))
    }

    func openIncidents(limit: Int) throws(StorageError) -> [IncidentRow] {
        try faults.pass("openIncidents")
        return Array(tables.incidents.filter { $0.closedMicroseconds == nil }.prefix(limit))
    }

    func incidentCount() throws(StorageError) -> Int {
        try faults.pass("incidentCount")
        return tables.incidents.count
    }

    func insertIncident(_ incident: IncidentRow) throws(StorageError) {
        try faults.pass("insertIncident")
        guard !tables.incidents.contains(where: { $0.incident == incident.incident }) else {
            throw .damaged
        }
        var incident = incident
        // None is ever removed.
        incident.row = Int64(tables.incidents.count + 1)
        tables.incidents.append(incident)
    }

    func updateIncident(_ incident: IncidentRow) throws(StorageError) {
        try faults.pass("updateIncident")
        guard
            let place = tables.incidents.firstIndex(where: { $0.incident == incident.incident })
        else { throw .damaged }
        tables.incidents[place].closedMicroseconds = incident.closedMicroseconds
        tables.incidents[place].file = incident.file
        tables.incidents[place].containment = incident.containment
        tables.incidents[place].changedAt = incident.changedAt
        tables.incidents[place].mac = incident.mac
    }
}
