// What a drill came to: somebody restored a backup elsewhere and says what was there. One that went well is an
// attestation, which the doctor believes for a quarter.

import VaultCrypto
package import VaultFormat

package struct DrillReport: Hashable, Sendable {
    package let backup: BackupID
    /// Images that were opened and were what their addresses say, and those that were not.
    package let opened: Int
    package let failed: Int
    package let seconds: Int
    /// SHA-256 of the whole report, and its bytes.
    package let report: Digest256
    package let reportBytes: Int

    package init(
        backup: BackupID, opened: Int, failed: Int, seconds: Int, report: Digest256,
        reportBytes: Int
    ) {
        self.backup = backup
        self.opened = opened
        self.failed = failed
        self.seconds = seconds
        self.report = report
        self.reportBytes = reportBytes
    }

    /// An empty vault proves nothing.
    var isGood: Bool { failed == 0 && opened > 0 }
}

extension Vault {
    /// - Returns: until when the doctor is content with it; nil for one that failed.
    /// - Throws: ``VaultError`` `unknown-backup`.
    package func reportDrill(
        _ report: DrillReport, _ call: Call
    ) async throws(VaultError) -> Int64? {
        try await audited(.backupDrilled, call) { () async throws(VaultError) in
            let found = try reading { (reader) throws(StorageError) in
                try reader.backup(report.backup)
            }
            guard let found else { throw VaultError(.unknownBackup) }
            try found.verify(with: keyring())
            var event = event(.backupDrilled, call)
            event.backup = report.backup
            event.count = report.opened
            event.durationMicroseconds = report.seconds * 1_000_000
            event.statement = report.report
            event.bytes = report.reportBytes
            event.outcome = report.isGood ? .done : .failed
            // One that failed ends what the last one is believed for.
            let days = report.isGood ? Int64(Limits.drillDays) : 0
            let row = AttestationRow(
                item: .restoreDrill, evidence: report.report, evidenceBytes: report.reportBytes,
                attester: call.caller.uid, madeMicroseconds: event.atMicroseconds,
                expiresMicroseconds: event.atMicroseconds + days * 86_400_000_000)
            _ = try await committer.commit(.attest(row), event)
            return report.isGood ? row.expiresMicroseconds : nil
        }
    }
}
