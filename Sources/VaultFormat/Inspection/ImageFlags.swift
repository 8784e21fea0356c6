/// What an accepted image carries beyond its picture. A flag never refuses an image; it lets a
/// policy or a person decide. The bits are stored: a bit never changes its meaning.
package struct ImageFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A position on Earth, in EXIF or XMP.
    package static let gps = ImageFlags(rawValue: 1 << 0)
    /// A second, smaller picture, which may still show what was cropped from the first.
    package static let thumbnail = ImageFlags(rawValue: 1 << 1)
    /// A vendor's private block, which may hold anything.
    package static let makerNote = ImageFlags(rawValue: 1 << 2)
    /// The serial number of a camera or lens.
    package static let serialNumber = ImageFlags(rawValue: 1 << 3)
    /// The editing history of XMP Media Management.
    package static let xmpHistory = ImageFlags(rawValue: 1 << 4)
    /// A C2PA manifest: signed claims of provenance, not checked here.
    package static let c2pa = ImageFlags(rawValue: 1 << 5)

    /// Every flag with its stable name, in bit order.
    package static let named: [(flag: ImageFlags, name: String)] = [
        (.gps, "gps"),
        (.thumbnail, "thumbnail"),
        (.makerNote, "maker-note"),
        (.serialNumber, "serial-number"),
        (.xmpHistory, "xmp-history"),
        (.c2pa, "c2pa"),
    ]

    /// The stable names of the flags that are set, in bit order.
    package var names: [String] {
        Self.named.filter { contains($0.flag) }.map(\.name)
    }
}
