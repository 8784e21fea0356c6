// What happens to the rows of incidents.

import VaultCrypto
import VaultFormat

/// Carries their changes out inside a transaction.
struct IncidentChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64

    func open(_ offered: IncidentRow) throws(ChangeFailure) -> IncidentRow {
        let (count, open) = try catalogued { () throws(StorageError) in
            (try catalog.incidentCount(), try catalog.openIncidents(limit: Limits.openIncidents))
        }
        guard count < Limits.incidents, open.count < Limits.openIncidents else {
            throw .refused(VaultError(.overloaded))
        }
        let incident = offered.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.insertIncident(incident) }
        return incident
    }

    /// - Parameter offered: made of the row as it is.
    func change(_ offered: IncidentRow) throws(ChangeFailure) -> IncidentRow {
        let found = try catalogued { () throws(StorageError) in
            try catalog.incident(offered.incident)
        }
        guard let found else { throw .refused(VaultError(.unknownIncident)) }
        try refusing { () throws(VaultError) in try found.verify(with: keyring) }
        guard found.changedAt == offered.changedAt else { throw .refused(VaultError(.overloaded)) }
        let changed = offered.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.updateIncident(changed) }
        return changed
    }
}
