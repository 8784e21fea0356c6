// Whose images there are, and how many: asked for and told.

package import VaultFormat

/// The body of `POST /v1/namespaces`.
package struct NamespaceRequest: RequestObject, Encodable, Hashable, Sendable {
    package var name: NamespaceName

    package static let members: Set<String> = ["name"]
    package static let shape = "a JSON object with name (1 to 32 of a-z, 0-9 and -)"

    private enum CodingKeys: String, CodingKey { case name }

    package init(name: NamespaceName) { self.name = name }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        name = try members.decode(NamespaceName.self, forKey: .name)
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(name, forKey: .name)
    }
}

package struct QuotaAnswer: Codable, Hashable, Sendable {
    /// Each null where nobody says.
    @Nullable package var maxImages: Int?
    @Nullable package var maxBytes: Int?
    @Nullable package var uploadsPerMinute: Int?
    @Nullable package var uploadBytesPerSecond: Int?

    private enum CodingKeys: String, CodingKey {
        case maxImages = "max_images"
        case maxBytes = "max_bytes"
        case uploadsPerMinute = "uploads_per_minute"
        case uploadBytesPerSecond = "upload_bytes_per_second"
    }

    package init(_ quota: Quota) {
        maxImages = quota.images
        maxBytes = quota.bytes
        uploadsPerMinute = quota.uploadsPerMinute
        uploadBytesPerSecond = quota.uploadBytesPerSecond
    }
}

package struct NamespaceAnswer: Codable, Hashable, Sendable {
    package var name: NamespaceName
    package var created: UTCTime
    package var images: Int
    package var storedBytes: Int
    package var quota: QuotaAnswer

    private enum CodingKeys: String, CodingKey {
        case name, created, images, quota
        case storedBytes = "stored_bytes"
    }

    package init(
        name: NamespaceName, createdMicroseconds: Int64, usage: Usage, quota: Quota
    ) {
        self.name = name
        created = UTCTime(microseconds: createdMicroseconds)
        images = usage.images
        storedBytes = usage.bytes
        self.quota = QuotaAnswer(quota)
    }
}

/// `GET /v1/namespaces`: all of them, by name.
package struct NamespaceListAnswer: Codable, Hashable, Sendable {
    package var namespaces: [NamespaceAnswer]

    package init(namespaces: [NamespaceAnswer]) { self.namespaces = namespaces }
}
