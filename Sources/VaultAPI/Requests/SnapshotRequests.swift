// The bodies of what makes a backup, a copy of the keyring, and of what a drill came to.

package import VaultFormat

/// The body of `POST /v1/backups/snapshots`.
package struct SnapshotRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil for a backup that is wanted until it is expired.
    package var expiresDays: Int?
    package var note: AdminNote

    package static let members: Set<String> = ["expires_days", "note"]
    package static let shape =
        "a JSON object with any of expires_days (1 to 36500) and note (up to 200 printable ASCII "
        + "characters)"

    package init(expiresDays: Int? = nil, note: AdminNote = .none) {
        self.expiresDays = expiresDays
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case note
        case expiresDays = "expires_days"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        expiresDays = try members.decode(Int.self, ifThere: .expiresDays)
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
        guard expiresDays.map(Limits.backupDays.contains) ?? true else {
            throw FormatError.outOfRange(field: "expires_days")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(expiresDays, forKey: .expiresDays)
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `POST /v1/backups/{id}/blobs`.
package struct BlobRequest: RequestObject, Encodable, Hashable, Sendable {
    package var blobs: [BlobID]

    package static let members: Set<String> = ["blobs"]
    package static let shape = "a JSON object with blobs: 1 to 400 names, each once"

    package init(blobs: [BlobID]) { self.blobs = blobs }

    private enum CodingKeys: String, CodingKey {
        case blobs
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        blobs = try members.decode([BlobID].self, forKey: .blobs)
        guard (1...Limits.backupBlobs).contains(blobs.count), Set(blobs).count == blobs.count else {
            throw FormatError.outOfRange(field: "blobs")
        }
    }
}

/// The body of `POST /v1/escrows/copies`.
package struct EscrowCopyRequest: RequestObject, Encodable, Hashable, Sendable {
    package var note: AdminNote

    package static let members: Set<String> = ["note"]
    package static let shape =
        "a JSON object, with note (up to 200 printable ASCII characters) where there is one"

    package init(note: AdminNote) { self.note = note }

    private enum CodingKeys: String, CodingKey {
        case note
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `POST /v1/drills`: what came back, by somebody's word.
package struct DrillRequest: RequestObject, Codable, Hashable, Sendable {
    package var backup: BackupID
    /// Images that were opened and were what their addresses say, and those that were not.
    package var opened: Int
    package var failed: Int
    /// How long it took until the first image could be read again.
    package var seconds: Int
    /// SHA-256 of the whole report, and how long it is; whoever made the drill keeps it.
    package var report: Digest256
    package var reportBytes: Int

    package static let members: Set<String> = [
        "backup", "opened", "failed", "seconds", "report", "report_bytes",
    ]
    package static let shape =
        "a JSON object with backup (an id), opened, failed, seconds, report (64 hexadecimal digits) and "
        + "report_bytes"

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

    private enum CodingKeys: String, CodingKey {
        case backup, opened, failed, seconds, report
        case reportBytes = "report_bytes"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        backup = try members.decode(BackupID.self, forKey: .backup)
        opened = try members.decode(Int.self, forKey: .opened)
        failed = try members.decode(Int.self, forKey: .failed)
        seconds = try members.decode(Int.self, forKey: .seconds)
        report = try members.decode(Digest256.self, forKey: .report)
        reportBytes = try members.decode(Int.self, forKey: .reportBytes)
        let counts = [opened, failed, seconds, reportBytes]
        guard counts.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
            throw FormatError.outOfRange(field: "opened")
        }
    }
}
