/// What a check looks at, in this order. The numbers are the catalog's.
package enum CheckPhase: UInt8, WalkPhase {
    /// The log, and what each of its events says of the rows.
    case log = 0
    case images = 1
    case references = 2
    /// The log's tree, and what is there until an event takes it away.
    case end = 3
}

package typealias CheckPlace = WalkPlace<CheckPhase>

/// What a check looks at, as the operation's row keeps it: what was there when it was asked for. ObjectFormat §8.
package struct CheckParameters: Hashable, Sendable {
    package let events: UInt64
    /// The last rows.
    package let lastImage: Int64
    package let lastReference: Int64

    package init(events: UInt64, lastImage: Int64, lastReference: Int64) {
        self.events = events
        self.lastImage = lastImage
        self.lastReference = lastReference
    }

    private static let version: UInt8 = 1

    /// Version, events, and the last rows of images and references.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 25)
        writer.append(Self.version)
        writer.append(events)
        writer.append(UInt64(bitPattern: lastImage))
        writer.append(UInt64(bitPattern: lastReference))
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        events = try reader.read(UInt64.self)
        lastImage = Int64(bitPattern: try reader.read(UInt64.self))
        lastReference = Int64(bitPattern: try reader.read(UInt64.self))
        try reader.finish()
    }
}

/// Where a scrub stands: it opens images, in the order of their rows, and then does what a check does. ObjectFormat §8.
package enum ScrubPlace: Hashable, Sendable {
    /// - Parameter after: the row of the image that was opened last.
    case contents(after: Int64)
    case check(cursor: Int64)

    /// No row of an image has such a number.
    private static let behindImages: Int64 = 1 << 56

    package init(cursor: Int64) {
        self =
            cursor < Self.behindImages
            ? .contents(after: cursor) : .check(cursor: cursor - Self.behindImages)
    }

    package var cursor: Int64 {
        switch self {
        case .contents(let row): row
        case .check(let cursor): Self.behindImages + cursor
        }
    }
}
