// The bodies of incidents.

package import VaultFormat

/// The body of `POST /v1/incidents`.
package struct IncidentRequest: RequestObject, Encodable, Hashable, Sendable {
    /// Nil where it is about the vault.
    package var principal: PrincipalName?
    package var reason: AdminNote

    package static let members: Set<String> = ["principal", "reason"]
    package static let shape =
        "a JSON object with reason (1 to 200 printable ASCII characters), and principal (a name of the policy) "
        + "unless it is about the vault"

    private enum CodingKeys: String, CodingKey { case principal, reason }

    package init(principal: PrincipalName?, reason: AdminNote) {
        self.principal = principal
        self.reason = reason
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        principal = try members.decode(String.self, ifThere: .principal)
            .map { try PrincipalName($0) }
        reason = try AdminNote(members.decode(String.self, forKey: .reason))
        guard reason != .none else { throw FormatError.invalidText(field: "reason") }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        if let principal { try members.encode(principal.description, forKey: .principal) }
        try members.encode(reason.text, forKey: .reason)
    }
}

/// The body of `POST /v1/incidents/{id}/notes`.
package struct IncidentNoteRequest: RequestObject, Encodable, Hashable, Sendable {
    package var note: AdminNote

    package static let members: Set<String> = ["note"]
    package static let shape = "a JSON object with note (1 to 200 printable ASCII characters)"

    private enum CodingKeys: String, CodingKey { case note }

    package init(note: AdminNote) { self.note = note }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        note = try AdminNote(members.decode(String.self, forKey: .note))
        guard note != .none else { throw FormatError.invalidText(field: "note") }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `POST /v1/incidents/{id}/close`.
package struct IncidentCloseRequest: RequestObject, Encodable, Hashable, Sendable {
    package var note: AdminNote

    package static let members: Set<String> = ["note"]
    package static let shape =
        "a JSON object with note, if any (up to 200 printable ASCII characters)"

    private enum CodingKeys: String, CodingKey { case note }

    package init(note: AdminNote) { self.note = note }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        note = try AdminNote(members.decode(String.self, ifThere: .note) ?? "")
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(note.text, forKey: .note)
    }
}

/// The body of `POST /v1/incidents/{id}/containment`.
package struct ContainmentRequest: RequestObject, Encodable, Hashable, Sendable {
    package var grade: ContainmentGrade
    package var minutes: Int

    package static let members: Set<String> = ["grade", "minutes"]
    package static let shape =
        "a JSON object with grade (throttle, suspend, read-only or seal), and minutes, if any (1 to 10080)"

    private enum CodingKeys: String, CodingKey { case grade, minutes }

    package init(
        grade: ContainmentGrade, minutes: Int = Limits.containmentMinutesUnlessSaid
    ) {
        self.grade = grade
        self.minutes = minutes
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        guard let grade = ContainmentGrade(name: try members.decode(String.self, forKey: .grade))
        else { throw FormatError.unknownValue(field: "grade") }
        self.grade = grade
        minutes =
            try members.decode(Int.self, ifThere: .minutes) ?? Limits.containmentMinutesUnlessSaid
        guard Limits.containmentMinutes.contains(minutes) else {
            throw FormatError.outOfRange(field: "minutes")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(grade.name, forKey: .grade)
        try members.encode(minutes, forKey: .minutes)
    }
}
