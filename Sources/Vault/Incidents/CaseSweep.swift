// What a crash left between a case and its incident: a sealed file that nobody can ask for.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// What a sweep of the cases found.
    package struct SweptCases: Sendable {
        /// Files that came to nothing, and are gone.
        package var removed = 0
        /// Files of incidents that the log tells of, and no row: somebody took it away, and they are what is left.
        package var orphaned: [IncidentID] = []
    }

    /// Looks for files of cases without an incident. No incident is opened meanwhile.
    ///
    /// - Throws: ``VaultError`` `sealed`, or what the stores have: then it is to be tried again.
    package func sweepCases() async throws(VaultError) -> SweptCases {
        try await incidentTurn.take { () async throws(VaultError) in
            let keyring = try keyring()
            // After a failed flush nobody knows which of them have a row.
            guard !committer.isBroken else { throw VaultError(.storageUnavailable) }
            let files: [IncidentID]
            do { files = try cases.incidents() } catch { throw VaultError(.storageUnavailable) }
            let loose = try reading { (reader) throws(StorageError) in
                var loose: Set<IncidentID> = []
                for id in files where try reader.incident(id) == nil { loose.insert(id) }
                return loose
            }
            guard !loose.isEmpty else { return SweptCases() }
            var filter = EventFilter()
            filter.actions = [.incidentOpened]
            filter.outcome = .done
            var swept = SweptCases()
            try each(filter, in: 0..<committer.frontier.size, keyring) {
                (event) throws(VaultError) in
                if let id = event.incident, loose.contains(id) { swept.orphaned.append(id) }
                return true
            }
            guard !keyring.isErased else { throw VaultError(.sealed) }
            for id in loose.subtracting(swept.orphaned) {
                cases.discard(id)
                swept.removed += 1
            }
            return swept
        }
    }
}
