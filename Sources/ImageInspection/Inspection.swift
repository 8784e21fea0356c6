// Inspection: the answer. Everything a later step needs is a value here, so that no step parses
// the image a second time to learn what this one knew.
package import VaultFormat

/// What was changed between the upload and what is stored.
package enum Transformation: String, Sendable, CaseIterable {
    case trailerTruncated = "trailer-truncated"
    case metadataStripped = "metadata-stripped"
}

extension [Transformation] {
    /// The bits that a reference keeps. ObjectFormat §6.
    package var bits: UInt16 {
        reduce(0) { bits, transformation in
            switch transformation {
            case .trailerTruncated: bits | 1
            case .metadataStripped: bits | 2
            }
        }
    }
}

/// An upload that passed every rule of level `structure`.
package struct Inspection: Hashable, Sendable {
    package let type: ImageType
    /// Pixels.
    package let width: Int
    /// Pixels.
    package let height: Int
    /// What of the upload is to be stored.
    package let stored: StoragePlan
    package let transformed: [Transformation]
    /// About what is stored: stripped of its metadata an image has no flags.
    package let verdict: Verdict
    package let facts: ImageFacts
}

/// What the decoding step needs to know, by format.
package enum ImageFacts: Hashable, Sendable {
    case jpeg(JPEGFacts)
    case png(PNGFacts)
}

/// What the walk of a JPEG learned.
package struct JPEGFacts: Hashable, Sendable {
    package let components: Int
    package let isProgressive: Bool
    package let scans: Int
    /// Offset just past the first image's end marker; stored bytes beyond it are a known trailer.
    package let imageBytes: Int
}

/// What the walk of a PNG learned, and what inflating it must come out to.
package struct PNGFacts: Hashable, Sendable {
    /// A part of the upload that holds a zlib stream beside the picture.
    package struct Compressed: Hashable, Sendable {
        /// A compressed text or a colour profile; their text must be searched after inflating.
        package enum Kind: Sendable { case text, profile }
        package let kind: Kind
        package let offset: Int
        package let length: Int
    }

    /// One frame of an animation whose data is in `fdAT` chunks.
    package struct Frame: Hashable, Sendable {
        package let width: Int
        package let height: Int
        /// Bytes that the frame's zlib stream must inflate to, exactly.
        package let inflatedBytes: Int
        /// Offset and length of each part of the frame's zlib stream.
        package var data: [DataPart] = []
    }

    /// A part of a zlib stream that is spread over chunks.
    package struct DataPart: Hashable, Sendable {
        package let offset: Int
        package let length: Int
    }

    /// Bits of one pixel in the inflated rows.
    package let bitsPerPixel: Int
    package let isInterlaced: Bool
    /// Bytes that the IDAT stream must inflate to, exactly, filter bytes included.
    package let inflatedBytes: Int
    /// Offset and length of the content of each IDAT chunk.
    package let data: [DataPart]
    package let frames: [Frame]
    package let compressed: [Compressed]
}

/// An upload that broke a rule. It holds no byte of the upload.
package struct InspectionRefusal: Error, Hashable, Sendable {
    package let finding: Finding
    /// The type that the first bytes claim; nil before they were read, or if they claim none.
    package let type: ImageType?

    package init(finding: Finding, type: ImageType?) {
        self.finding = finding
        self.type = type
    }
}
