// Who is told of damage: one incident for each operation that finds some. What keeps it from being opened, as a log
// key that is closed, keeps the work from nothing: it is tried again with the next damage, and at the end.

import VaultCrypto
import VaultFormat

extension Vault {
    /// Opens the incident of what an operation found damaged, unless it has one.
    func reportDamage(_ damaged: ScrubbedImage, by operation: OperationRow) async {
        let words = "\(damaged.code.rawValue), image \(damaged.image.image.hex)"
        try? await openIncident(of: operation, words)
    }

    /// Writes into the incident what the operation came to. Where a kill came before it could be opened, it is opened
    /// now.
    func concludeDamage(of operation: OperationRow) async {
        let progress = operation.progress
        var words =
            "images that did not open: \(progress.failures) of \(progress.done); "
            + "quarantined, or not as the log says: \(progress.found)"
        if progress.failures > Limits.scrubQuarantines {
            words += "; \(Limits.scrubQuarantines) are quarantined at most: is the disk there?"
        }
        do throws(VaultError) {
            if let known = try incident(of: operation) {
                guard known.isOpen, let note = try? AdminNote(words) else { return }
                try await self.note(note, on: known.incident)
            } else if progress.found > 0 {
                try await openIncident(of: operation, words)
            }
        } catch {
            // The list of findings has all of it.
            return
        }
    }

    /// Whether something could not be read when it was looked at.
    func hasUnread(_ operation: OperationRow) throws(VaultError) -> Bool {
        var after: Int64 = 0
        while true {
            if Task.isCancelled { throw VaultError(.deadlineExceeded) }
            let last = after
            let findings = try reading { (reader) throws(StorageError) in
                try reader.findings(of: operation.row, after: last, limit: Limits.pageRows)
            }
            if findings.contains(where: { $0.code == .storageUnavailable }) { return true }
            guard let next = findings.last, findings.count == Limits.pageRows else { return false }
            after = next.row
        }
    }

    private func openIncident(
        of operation: OperationRow, _ words: String
    ) async throws(VaultError) {
        guard try incident(of: operation) == nil,
            let note = try? AdminNote(subject(operation) + words)
        else { return }
        _ = try await openIncident(note: note)
    }

    /// The incident that the vault opened for an operation, among the newest ones.
    private func incident(of operation: OperationRow) throws(VaultError) -> IncidentRow? {
        let keyring = try keyring()
        let rows = try reading { (reader) throws(StorageError) in
            try reader.incidents(before: .max, limit: Limits.openIncidents)
        }
        let own = rows.first { row in
            row.note.text.hasPrefix(subject(operation)) && row.principal == nil
                && row.creator == settings.incidents.creator
                && (try? row.verify(with: keyring)) != nil
        }
        // Keys that went meanwhile verify nothing.
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return own
    }

    private func subject(_ operation: OperationRow) -> String {
        "\(operation.kind.name) \(operation.operation.hex): "
    }
}
