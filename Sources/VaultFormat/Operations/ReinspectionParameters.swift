/// What a re-inspection was asked to do, as the operation's row keeps it. ObjectFormat §8.
package struct ReinspectionParameters: Hashable, Sendable {
    /// Only images whose verdict is of an inspector before this one; nil for all.
    package let below: UInt32?
    /// Nil for the level in force in each namespace.
    package let level: InspectionLevel?
    /// Whether an image that would now be refused is quarantined.
    package let quarantines: Bool
    /// Whether it only lists: no verdict is renewed and nothing is quarantined.
    package let isTrial: Bool

    package init(
        below: UInt32? = nil, level: InspectionLevel? = nil, quarantines: Bool = false,
        isTrial: Bool = false
    ) {
        self.below = below
        self.level = level
        self.quarantines = quarantines
        self.isTrial = isTrial
    }

    private static let version: UInt8 = 1

    /// Version, level (zero for none), bits (1 quarantines, 2 trial), and the version below which, zero
    /// for all.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 7)
        writer.append(Self.version)
        writer.append(level?.rawValue ?? 0)
        writer.append(UInt8((quarantines ? 1 : 0) | (isTrial ? 2 : 0)))
        writer.append(below ?? 0)
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        let number = try reader.read(UInt8.self)
        let level = InspectionLevel(rawValue: number)
        guard number == 0 || level != nil else { throw .unknownValue(field: "level") }
        let bits = try reader.read(UInt8.self)
        guard bits < 4 else { throw .outOfRange(field: "bits") }
        let below = try reader.read(UInt32.self)
        try reader.finish()
        self.init(
            below: below == 0 ? nil : below, level: level, quarantines: bits & 1 != 0,
            isTrial: bits & 2 != 0)
    }
}
