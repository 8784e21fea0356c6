// The bodies of the register of keyrings, of holds and of retention.

package import VaultFormat

/// The body of `POST /v1/escrows`.
package struct EscrowRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil for every one that is not destroyed.
    package var epochs: [EpochNumber]?
    package var note: AdminNote

    package static let members: Set<String> = ["epochs", "note"]
    package static let shape =
        "a JSON object with any of epochs (1 to 1024 numbers, rising) and note (up to 200 printable "
        + "ASCII characters)"

    package init(epochs: [EpochNumber]? = nil, note: AdminNote = .none) {
        self.epochs = epochs
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case epochs, note
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        epochs = try members.decode([UInt32].self, ifThere: .epochs)
            .map { try [EpochNumber](rising: $0) }
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encodeIfPresent(epochs?.map(\.value), forKey: .epochs)
        try members.encode(note.text, forKey: .note)
    }
}

extension [EpochNumber] {
    /// - Throws: ``FormatError`` unless there is one at least, and each is above the one before.
    init(rising numbers: [UInt32]) throws {
        self = try numbers.map { try EpochNumber($0) }
        guard (1...Limits.requestEpochs).contains(count),
            zip(self, dropFirst()).allSatisfy({ $0 < $1 })
        else { throw FormatError.notCanonical(field: "epochs") }
    }
}

/// The body of `POST /v1/holds`.
package struct HoldRequest: RequestObject, Encodable, Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case image(ImageID)
        case owner(OwnerID)
        case job(JobID)
        case backup(BackupID)
    }

    package var subject: Subject
    /// Of what is no backup; `default` where it is missing.
    package var namespace: NamespaceName
    package var note: AdminNote

    package static let members: Set<String> = [
        "image", "owner", "job", "backup", "namespace", "note",
    ]
    package static let shape =
        "a JSON object with one of image, owner, job and backup; with any of them but backup "
        + "namespace, if it is not default; and note, if any (up to 200 printable ASCII characters)"

    package init(
        _ subject: Subject, namespace: NamespaceName = .standard, note: AdminNote = .none
    ) {
        self.subject = subject
        self.namespace = namespace
        self.note = note
    }

    private enum CodingKeys: String, CodingKey {
        case image, owner, job, backup, namespace, note
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let subjects: [Subject] = [
            try members.decode(ImageID.self, ifThere: .image).map { .image($0) },
            try members.decode(OwnerID.self, ifThere: .owner).map { .owner($0) },
            try members.decode(JobID.self, ifThere: .job).map { .job($0) },
            try members.decode(BackupID.self, ifThere: .backup).map { .backup($0) },
        ].compactMap(\.self)
        guard let subject = subjects.first, subjects.count == 1 else {
            throw FormatError.notCanonical(field: "subject")
        }
        let namespace = try members.decode(NamespaceName.self, ifThere: .namespace)
        if case .backup = subject, namespace != nil {
            throw FormatError.notCanonical(field: "namespace")
        }
        self.subject = subject
        self.namespace = namespace ?? .standard
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch subject {
        case .image(let image): try members.encode(image, forKey: .image)
        case .owner(let owner): try members.encode(owner, forKey: .owner)
        case .job(let job): try members.encode(job, forKey: .job)
        case .backup(let backup): try members.encode(backup, forKey: .backup)
        }
        if case .backup = subject {} else { try members.encode(namespace, forKey: .namespace) }
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `PUT /v1/retention/{namespace}/{image}`.
package enum RetentionRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil for ever.
    case until(UTCTime?)
    /// From now on.
    case days(Int)

    package static let members: Set<String> = ["until", "days"]
    package static let shape =
        "a JSON object with one of until (a time in UTC with six digits of a second, or null for "
        + "ever) and days (1 to 36500)"

    private enum CodingKeys: String, CodingKey {
        case until, days
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        switch (members.contains(.until), members.contains(.days)) {
        case (true, false):
            let time = try members.decodeIfPresent(UTCTime.self, forKey: .until)
            // The catalog has no other word for ever than the first moment of 1970.
            guard time.map({ ($0.microseconds ?? 0) > 0 }) ?? true else {
                throw FormatError.outOfRange(field: "until")
            }
            self = .until(time)
        case (false, true):
            let days = try members.decode(Int.self, forKey: .days)
            guard Limits.retentionDays.contains(days) else {
                throw FormatError.outOfRange(field: "days")
            }
            self = .days(days)
        default: throw FormatError.notCanonical(field: "until")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .until(let time?): try members.encode(time, forKey: .until)
        case .until(nil): try members.encodeNil(forKey: .until)
        case .days(let days): try members.encode(days, forKey: .days)
        }
    }

    /// - Parameter microseconds: now.
    package func retention(from microseconds: Int64) -> Retention {
        switch self {
        case .until(let time):
            time?.microseconds.map { .until(microseconds: $0) } ?? .forever
        case .days(let days):
            RetentionPolicy(days: days, isExtendOnly: false).retention(from: microseconds)
        }
    }
}
