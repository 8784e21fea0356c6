// Images that nobody has a reason to ask for: asked for and told.

package import VaultFormat

/// The body of `PUT /v1/canaries/{namespace}/{image}`.
package struct CanaryRequest: RequestObject, Encodable, Hashable, Sendable {
    package var note: AdminNote

    package static let members: Set<String> = ["note"]
    package static let shape =
        "a JSON object with note (up to 200 printable ASCII characters) or nothing"

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

package struct CanaryAnswer: Codable, Hashable, Sendable {
    package var namespace: NamespaceName
    package var image: ImageID
    package var created: UTCTime
    /// Whose doing it was.
    package var creator: UInt32
    package var note: String

    package init(
        namespace: NamespaceName, image: ImageID, createdMicroseconds: Int64, creator: UInt32,
        note: AdminNote
    ) {
        self.namespace = namespace
        self.image = image
        created = UTCTime(microseconds: createdMicroseconds)
        self.creator = creator
        self.note = note.text
    }
}

/// `GET /v1/canaries`: all of them, as they were planted.
package struct CanaryListAnswer: Codable, Hashable, Sendable {
    package var canaries: [CanaryAnswer]

    package init(canaries: [CanaryAnswer]) { self.canaries = canaries }
}
