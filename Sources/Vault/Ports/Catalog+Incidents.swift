package import VaultFormat

/// The catalog's incidents.
package protocol IncidentReader {
    func incident(_ id: IncidentID) throws(StorageError) -> IncidentRow?
    /// By row, newest first, before row `before`.
    func incidents(before: Int64, limit: Int) throws(StorageError) -> [IncidentRow]
    /// Those that are not closed, by row.
    func openIncidents(limit: Int) throws(StorageError) -> [IncidentRow]
    func incidentCount() throws(StorageError) -> Int
}

package protocol IncidentWriter: IncidentReader {
    func insertIncident(_ incident: IncidentRow) throws(StorageError)
    /// Puts end, file, containment, last change and authenticator in the place of the row with its id.
    func updateIncident(_ incident: IncidentRow) throws(StorageError)
}
