// How much a namespace may have, and how fast it may grow. Policy.md is the specification.

/// What a namespace may have; nil where nobody says.
package struct Quota: Hashable, Sendable {
    package var images: Int?
    /// Of the stored images.
    package var bytes: Int?
    package var uploadsPerMinute: Int?
    package var uploadBytesPerSecond: Int?

    package init(
        images: Int? = nil, bytes: Int? = nil, uploadsPerMinute: Int? = nil,
        uploadBytesPerSecond: Int? = nil
    ) {
        self.images = images
        self.bytes = bytes
        self.uploadsPerMinute = uploadsPerMinute
        self.uploadBytesPerSecond = uploadBytesPerSecond
    }

    package static let none = Quota()
}

/// What a namespace has.
package struct Usage: Hashable, Sendable {
    package var images: Int
    package var bytes: Int

    package init(images: Int, bytes: Int) {
        self.images = images
        self.bytes = bytes
    }

    package static let none = Usage(images: 0, bytes: 0)

    /// Whether one more image of so many bytes is within the quota.
    package func hasRoom(for bytes: Int, within quota: Quota) -> Bool {
        if let most = quota.images, images >= most { return false }
        guard let most = quota.bytes else { return true }
        return bytes <= most && self.bytes <= most - bytes
    }
}
