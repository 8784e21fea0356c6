/// What a walk over all keys of the vault does, in this order. The numbers are the catalog's.
package enum KeyWalkPhase: UInt8, WalkPhase {
    /// The epoch is made, and made the primary one.
    case epoch = 0
    /// The keys of blobs get their wraps under it.
    case blobs = 1
    case references = 2
    /// Each wrap is opened once more.
    case openBlobs = 3
    case openReferences = 4
    /// What was come to is signed.
    case statement = 5

    package var name: String {
        switch self {
        case .epoch: "preparing"
        case .blobs, .references: "rewrapping"
        case .openBlobs, .openReferences: "opening"
        case .statement: "stating"
        }
    }
}

package typealias KeyWalkPlace = WalkPlace<KeyWalkPhase>

/// What a rotation was asked to do, as the operation's row keeps it. ObjectFormat §8.
package struct RotationParameters: Hashable, Sendable {
    /// The epoch that all keys come under.
    package let epoch: EpochNumber

    package init(epoch: EpochNumber) { self.epoch = epoch }

    private static let version: UInt8 = 1

    /// Version and epoch.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 5)
        writer.append(Self.version)
        writer.append(epoch.value)
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        epoch = try EpochNumber(reader.read(UInt32.self))
        try reader.finish()
    }
}

/// What a re-encryption was asked to do, as the operation's row keeps it. ObjectFormat §8.
package struct ReencryptionParameters: Hashable, Sendable {
    /// The epoch that the new keys come under; for one namespace, which makes none, the one that was primary
    /// when it was asked for.
    package let epoch: EpochNumber
    /// Nil for all.
    package let namespace: NamespaceName?

    package init(epoch: EpochNumber, namespace: NamespaceName?) {
        self.epoch = epoch
        self.namespace = namespace
    }

    private static let version: UInt8 = 1

    /// Version, epoch, and the namespace, empty for all.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 40)
        writer.append(Self.version)
        writer.append(epoch.value)
        writer.appendShort(namespace?.bytes ?? [])
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        epoch = try EpochNumber(reader.read(UInt32.self))
        let name = try reader.readShort()
        guard let text = String(validating: name, as: UTF8.self) else {
            throw .invalidText(field: "namespace")
        }
        namespace = text.isEmpty ? nil : try NamespaceName(text)
        try reader.finish()
    }
}
