// Files of cases in memory.

import Synchronization
package import Vault
package import VaultFormat

package final class MemoryCaseFiles: CaseFiles {
    private let disk = Mutex<[IncidentID: [UInt8]]>([:])
    private let faults: Faults

    package init(faults: Faults = Faults()) { self.faults = faults }

    package var all: [IncidentID: [UInt8]] { disk.withLock { $0 } }

    /// Changes what lies there behind the vault's back.
    package func tamper(_ id: IncidentID, _ body: (inout [UInt8]) -> Void) {
        disk.withLock { body(&$0[id, default: []]) }
    }

    package func create(_ bytes: [UInt8], for incident: IncidentID) throws(StorageError) {
        try faults.pass("createCase")
        disk.withLock { $0[incident] = bytes }
        try faults.passAfterTheFact("createCase flush")
    }

    package func append(
        _ bytes: [UInt8], to incident: IncidentID, after length: Int
    ) throws(StorageError) {
        try faults.pass("appendCase")
        guard let file = all[incident] else { throw .missing }
        guard file.count >= length else { throw .damaged }
        disk.withLock { $0[incident] = file.prefix(length) + bytes }
        try faults.passAfterTheFact("appendCase flush")
    }

    package func discard(_ incident: IncidentID) { disk.withLock { $0[incident] = nil } }

    package func incidents() throws(StorageError) -> [IncidentID] {
        try faults.pass("listCases")
        return Array(all.keys)
    }

    package func load(
        _ incident: IncidentID, length: Int
    ) throws(StorageError) -> [UInt8] {
        try faults.pass("loadCase")
        guard let file = all[incident] else { throw .missing }
        guard file.count >= length else { throw .damaged }
        return Array(file.prefix(length))
    }
}
