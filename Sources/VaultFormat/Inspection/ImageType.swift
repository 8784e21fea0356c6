/// The image formats the vault stores. The raw value is stored: it never changes its meaning.
package enum ImageType: UInt8, Sendable, CaseIterable {
    case jpeg = 1
    case png = 2

    /// The stable name in configuration and answers.
    package var name: String {
        switch self {
        case .jpeg: "jpeg"
        case .png: "png"
        }
    }

    /// The registered media type, as sent in `Content-Type`.
    package var mediaType: String {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        }
    }

    /// The extension given to an exported file, without the dot.
    package var fileExtension: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        }
    }

    /// Lower-case extensions that an upload's name may end in.
    package var acceptedExtensions: [String] {
        switch self {
        case .jpeg: ["jpg", "jpeg"]
        case .png: ["png"]
        }
    }

    /// Media types that clients use for this format, lower-case, the registered one first.
    package var acceptedMediaTypes: [String] {
        switch self {
        case .jpeg: ["image/jpeg", "image/jpg", "image/pjpeg"]
        case .png: ["image/png", "image/x-png"]
        }
    }

    /// - Parameter fileExtension: lower-case, without the dot.
    package init?(fileExtension: String) {
        guard
            let type = Self.allCases.first(where: { $0.acceptedExtensions.contains(fileExtension) })
        else { return nil }
        self = type
    }

    /// - Parameter mediaType: lower-case, without parameters.
    package init?(mediaType: String) {
        guard let type = Self.allCases.first(where: { $0.acceptedMediaTypes.contains(mediaType) })
        else { return nil }
        self = type
    }
}
