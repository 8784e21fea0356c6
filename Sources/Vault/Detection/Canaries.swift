// Images that nobody has a reason to ask for. Whoever reads one is told of by detection, and by nothing that he could
// see: to every verb that the backend has, a canary is an image.

import VaultCrypto
package import VaultFormat

extension Vault {
    /// - Throws: ``VaultError`` `unknown-image` for what is not stored, or `overloaded` where there are too many.
    package func plantCanary(
        _ place: ImagePlace, note: AdminNote, _ call: Call
    ) async throws(VaultError) -> CanaryRow {
        try await audited(.canaryPlanted, call, image: place.image) { () async throws(VaultError) in
            let row = CanaryRow(
                place: place, createdMicroseconds: clock.nowMicroseconds(),
                creator: call.caller.uid, note: note)
            return try await changeCanary(.plantCanary(row), .canaryPlanted, place, call)
        }
    }

    /// - Throws: ``VaultError`` `unknown-image` for what is not planted.
    package func liftCanary(
        _ place: ImagePlace, _ call: Call
    ) async throws(VaultError) -> CanaryRow {
        try await audited(.canaryLifted, call, image: place.image) { () async throws(VaultError) in
            try await changeCanary(.liftCanary(place), .canaryLifted, place, call)
        }
    }

    private func changeCanary(
        _ change: Change, _ action: EventAction, _ place: ImagePlace, _ call: Call
    ) async throws(VaultError) -> CanaryRow {
        var event = event(action, call, image: place.image)
        event.namespace = place.namespace
        let committed = try await committer.commit(change, event)
        guard case .canary(let row) = committed.result else { throw VaultError(.internalError) }
        return row
    }

    /// All of them, as they were planted.
    package func canaries(_ call: Call) async throws(VaultError) -> [CanaryRow] {
        try await audited(.canariesRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let rows = try plantedRows()
            for row in rows { try row.verify(with: keyring) }
            try await committer.record(event(.canariesRead, call))
            return rows
        }
    }

    /// For detection a row that does not verify is a canary as well as another.
    func plantedRows() throws(VaultError) -> [CanaryRow] {
        try reading { (reader) throws(StorageError) in
            try reader.canaries(limit: Limits.canaries)
        }
    }
}
