/// What an operator may choose about inspection, for one namespace. Bounds can be tightened or
/// loosened within `Limits`; the structural rules themselves are not negotiable.
package struct InspectionPolicy: Hashable, Sendable {
    /// What happens to bytes after the end of a JPEG that no rule explains.
    package enum Trailer: String, Sendable, CaseIterable {
        case refuse
        /// The image is stored without them, and the answer says so.
        case truncate
    }

    /// What happens to data beside the picture that is in nobody's way.
    package enum Metadata: String, Sendable, CaseIterable {
        case keep
        /// The image is stored without it, and the answer says so.
        case strip
    }

    /// How deep an upload is inspected. The walk itself is the same at every level.
    package var level: InspectionLevel
    /// For JPEG only: PNG has no camera trailers, so bytes after IEND are always refused.
    package var trailer: Trailer
    package var metadata: Metadata
    package var allowedTypes: Set<ImageType>
    /// Whether a PNG with animation chunks is accepted, were it of one frame. Further stills in a
    /// JPEG are no animation.
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
        level: .decode,
        trailer: .refuse,
        metadata: .keep,
        allowedTypes: Set(ImageType.allCases),
        allowsAnimation: true,
        maxBytes: Limits.imageBytes,
        maxPixels: Limits.imagePixels,
        maxScans: Limits.jpegScans,
        maxDecodedPixels: Limits.decodedPixels,
        maxMetadataBytes: Limits.metadataBytes)

    package init(
        level: InspectionLevel, trailer: Trailer, metadata: Metadata,
        allowedTypes: Set<ImageType>, allowsAnimation: Bool, maxBytes: Int, maxPixels: Int,
        maxScans: Int, maxDecodedPixels: Int, maxMetadataBytes: Int
    ) {
        self.level = level
        self.trailer = trailer
        self.metadata = metadata
        self.allowedTypes = allowedTypes
        self.allowsAnimation = allowsAnimation
        self.maxBytes = maxBytes
        self.maxPixels = maxPixels
        self.maxScans = maxScans
        self.maxDecodedPixels = maxDecodedPixels
        self.maxMetadataBytes = maxMetadataBytes
    }
}

extension InspectionPolicy {
    /// The settings in one line, in the words that the log hashes. LogFormat §2.
    package var text: String {
        let types = ImageType.allCases.filter(allowedTypes.contains).map(\.name)
        return [
            "level=\(level.name)", "trailer=\(trailer.rawValue)", "metadata=\(metadata.rawValue)",
            "animation=\(allowsAnimation ? "accept" : "refuse")",
            "types=\(types.joined(separator: ","))", "max_bytes=\(maxBytes)",
            "max_pixels=\(maxPixels)", "max_scans=\(maxScans)",
            "max_metadata_bytes=\(maxMetadataBytes)",
        ].joined(separator: " ")
    }
}

/// The policies of a vault: one for all namespaces, and one of their own for some.
package struct InspectionPolicies: Hashable, Sendable {
    package let standard: InspectionPolicy
    package let own: [NamespaceName: InspectionPolicy]

    package init(_ standard: InspectionPolicy, own: [NamespaceName: InspectionPolicy] = [:]) {
        self.standard = standard
        self.own = own
    }

    /// The policy of a namespace, also of one that was never heard of.
    package subscript(namespace: NamespaceName) -> InspectionPolicy { own[namespace] ?? standard }

    /// Bytes of the longest upload that any namespace takes.
    package var largestUpload: Int {
        own.values.reduce(standard.maxBytes) { max($0, $1.maxBytes) }
    }
}
