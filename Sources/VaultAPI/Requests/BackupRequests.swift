// The bodies of the register of backups, of an epoch's destruction and of a re-encryption.

package import VaultFormat

/// The body of `POST /v1/backups`.
package struct BackupRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil for a backup that is wanted until it is expired.
    package var expiresDays: Int?
    /// Nil for every one that is not destroyed.
    package var epochs: [EpochNumber]?
    package var note: AdminNote

    package static let members: Set<String> = ["expires_days", "epochs", "note"]
    package static let shape =
        "a JSON object with any of expires_days (1 to 36500), epochs (1 to 1024 numbers, rising) and "
        + "note (up to 200 printable ASCII characters)"

    package init(
        expiresDays: Int? = nil, epochs: [EpochNumber]? = nil, note: AdminNote = .none
    ) {
        self.expiresDays = expiresDays
        self.epochs = epochs
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case epochs, note
        case expiresDays = "expires_days"
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        expiresDays = try members.decode(Int.self, ifThere: .expiresDays)
        epochs = try members.decode([UInt32].self, ifThere: .epochs)
            .map { try [EpochNumber](rising: $0) }
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
        guard expiresDays.map(Limits.backupDays.contains) ?? true else {
            throw FormatError.outOfRange(field: "expires_days")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(expiresDays, forKey: .expiresDays)
        try members.encodeIfPresent(epochs?.map(\.value), forKey: .epochs)
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `POST /v1/keys/reencrypt`.
package struct ReencryptionRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil for all.
    package var namespace: NamespaceName?

    package static let members: Set<String> = ["namespace"]
    package static let shape = "a JSON object, with namespace where it is about one only"

    package init(namespace: NamespaceName?) { self.namespace = namespace }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        namespace = try members.decode(NamespaceName.self, ifThere: .namespace)
    }
}

/// The body of `POST /v1/keys/epochs/{epoch}/destroy`.
package struct DestructionRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Backups that are given up.
    package var strand: [BackupID]

    package static let members: Set<String> = ["strand"]
    package static let shape = "a JSON object, with strand where backups are given up: up to 64 ids"

    package init(strand: [BackupID]) { self.strand = strand }

    private enum CodingKeys: String, CodingKey {
        case strand
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        strand = try members.decode([BackupID].self, ifThere: .strand) ?? []
        guard strand.count <= Limits.strandedBackups else {
            throw FormatError.outOfRange(field: "strand")
        }
    }
}
