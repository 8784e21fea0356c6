/// What an operator may choose about inspection. Bounds can be tightened or loosened within
/// `Limits`; the structural rules themselves are not negotiable.
package struct InspectionPolicy: Hashable, Sendable {
    /// What happens to bytes after the end of a JPEG that no rule explains.
    package enum Trailer: String, Sendable, CaseIterable {
        case refuse
        /// The image is stored without them, and the answer says so.
        case truncate
    }

    /// For JPEG only: PNG has no camera trailers, so bytes after IEND are always refused.
    package var trailer: Trailer
    package var allowedTypes: Set<ImageType>
    /// Whether an animated PNG is accepted.
    package var allowsAnimation: Bool
    /// Bytes of the whole upload.
    package var maxBytes: Int
    /// Pixels of the canvas, and of each further picture in the file.
    package var maxPixels: Int
    /// Scans of one JPEG.
    package var maxScans: Int
    /// Pixels that a decoder visits: scans × pixels of a JPEG, summed frames of a PNG.
    package var maxDecodedPixels: Int
    /// Bytes of everything that is not picture data.
    package var maxMetadataBytes: Int

    package static let `default` = InspectionPolicy(
        trailer: .refuse,
        allowedTypes: Set(ImageType.allCases),
        allowsAnimation: true,
        maxBytes: Limits.uploadBytes,
        maxPixels: Limits.imagePixels,
        maxScans: Limits.jpegScans,
        maxDecodedPixels: Limits.decodedPixels,
        maxMetadataBytes: Limits.metadataBytes)

    package init(
        trailer: Trailer, allowedTypes: Set<ImageType>, allowsAnimation: Bool, maxBytes: Int,
        maxPixels: Int, maxScans: Int, maxDecodedPixels: Int, maxMetadataBytes: Int
    ) {
        self.trailer = trailer
        self.allowedTypes = allowedTypes
        self.allowsAnimation = allowsAnimation
        self.maxBytes = maxBytes
        self.maxPixels = maxPixels
        self.maxScans = maxScans
        self.maxDecodedPixels = maxDecodedPixels
        self.maxMetadataBytes = maxMetadataBytes
    }
}
