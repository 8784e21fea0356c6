package import VaultFormat

/// Where the files of cases are kept. What is in one is sealed, and is only ever added to.
package protocol CaseFiles: Sendable {
    /// Makes a case's file; it is there whole and durable when this returns, or not at all.
    func create(_ bytes: [UInt8], for incident: IncidentID) throws(StorageError)
    /// Adds to it behind its first `length` bytes; durable when this returns. What a crash left behind those, which
    /// no event tells of, goes.
    func append(
        _ bytes: [UInt8], to incident: IncidentID, after length: Int
    ) throws(StorageError)
    /// Removes the file of an incident that came to nothing.
    func discard(_ incident: IncidentID)
    /// Those that there are. What a crash left of one that is not whole goes.
    func incidents() throws(StorageError) -> [IncidentID]
    /// Its first `length` bytes.
    ///
    /// - Throws: ``StorageError/damaged`` where there are fewer.
    func load(_ incident: IncidentID, length: Int) throws(StorageError) -> [UInt8]
}

/// For a vault that keeps no cases.
package struct NoCaseFiles: CaseFiles {
    package init() {}

    package func create(_ bytes: [UInt8], for incident: IncidentID) throws(StorageError) {
        throw .missing
    }

    package func append(
        _ bytes: [UInt8], to incident: IncidentID, after length: Int
    ) throws(StorageError) { throw .missing }

    package func discard(_ incident: IncidentID) {}

    package func incidents() throws(StorageError) -> [IncidentID] { [] }

    package func load(
        _ incident: IncidentID, length: Int
    ) throws(StorageError) -> [UInt8] { throw .missing }
}
