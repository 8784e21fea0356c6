/// What an erasure took away. The numbers are the catalog's: they never change their meaning.
package enum ErasureKind: UInt8, Sendable, CaseIterable {
    /// One claim on an image that others still claim.
    case claim = 1
    /// The last claim on an image, and the image.
    case image = 2
    /// Every claim of an owner, of a job, or of both, and the images that nobody else claims.
    case claims = 3
    /// What had reached the end of its retention.
    case retention = 4
    /// An image in quarantine, with all claims on it.
    case quarantine = 5

    package var name: String {
        switch self {
        case .claim: "claim"
        case .image: "image"
        case .claims: "claims"
        case .retention: "retention"
        case .quarantine: "quarantine"
        }
    }

    package init?(name: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}

/// What a hold is on. The numbers are the catalog's.
package enum HoldKind: UInt8, Sendable, CaseIterable {
    case image = 1
    case owner = 2
    case job = 3
    case backup = 4

    package var name: String {
        switch self {
        case .image: "image"
        case .owner: "owner"
        case .job: "job"
        case .backup: "backup"
        }
    }
}

/// How far an erasure is; each level has what those below it have. Erasure §1.
package enum ErasureLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// No door leads to it.
    case unreachable = 0
    /// Its wrapped keys, and the blob, are gone from the live store.
    case purged = 1
    /// No live key opens any wrap that it ever had.
    case unopenable = 2
    /// Every registered copy of a keyring that has such a key is attested destroyed.
    case attested = 3

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// What keeps an erasure below a level.
package enum ErasureWait: Hashable, Sendable {
    /// The operation that erases is not at its end.
    case operation
    /// The live store is not purged since.
    case purge
    /// A key that wrapped it, or may have, is in the live keyring.
    case epoch(EpochNumber)
    /// A registered backup forbids that key's destruction.
    ///
    /// - Parameter expires: as an event's time; nil for one that does not expire.
    case backup(BackupID, expires: String?)
    /// A registered copy of a keyring that has such a key.
    case escrow(EscrowID)

    /// The level that is not reached while this lasts.
    package var level: ErasureLevel {
        switch self {
        case .operation, .purge: .purged
        case .epoch, .backup: .unopenable
        case .escrow: .attested
        }
    }

    package var name: String {
        switch self {
        case .operation: "operation"
        case .purge: "purge"
        case .epoch: "epoch"
        case .backup: "backup"
        case .escrow: "escrow"
        }
    }
}

extension ErasureLevel {
    /// What is reached while these last.
    package init(waitingFor waits: some Sequence<ErasureWait>) {
        let missing = waits.map(\.level.rawValue).min()
        self = missing.flatMap { Self(rawValue: $0 - 1) } ?? .attested
    }
}

/// Which claims an erasure is about, as its operation's row keeps it. ObjectFormat §8.
package struct ErasureParameters: Hashable, Sendable {
    package let namespace: NamespaceName
    /// Nil for any.
    package let owner: BlindIndex?
    package let job: BlindIndex?

    /// - Throws: ``FormatError/outOfRange(field:)`` for a namespace as a whole.
    package init(
        namespace: NamespaceName, owner: BlindIndex?, job: BlindIndex?
    ) throws(FormatError) {
        guard owner != nil || job != nil else { throw .outOfRange(field: "claim") }
        self.namespace = namespace
        self.owner = owner
        self.job = job
    }

    private static let version: UInt8 = 1

    /// Version, namespace, and the indexes, each with its length.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 80)
        writer.append(Self.version)
        writer.appendShort(namespace.bytes)
        writer.appendShort(owner?.bytes ?? [])
        writer.appendShort(job?.bytes ?? [])
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        guard let text = String(validating: try reader.readShort(), as: UTF8.self) else {
            throw .invalidText(field: "namespace")
        }
        let namespace = try NamespaceName(text)
        let owner = try reader.readShort()
        let job = try reader.readShort()
        try reader.finish()
        try self.init(
            namespace: namespace, owner: owner.isEmpty ? nil : BlindIndex(bytes: owner),
            job: job.isEmpty ? nil : BlindIndex(bytes: job))
    }
}

/// Until when an expiry erases, as its operation's row keeps it. ObjectFormat §8.
package struct ExpiryParameters: Hashable, Sendable {
    /// Claims whose retention ended at this time, or before.
    package let throughMicroseconds: Int64

    package init(throughMicroseconds: Int64) { self.throughMicroseconds = throughMicroseconds }

    private static let version: UInt8 = 1

    /// Version and time.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 9)
        writer.append(Self.version)
        writer.append(UInt64(bitPattern: throughMicroseconds))
        return writer.bytes
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        throughMicroseconds = Int64(bitPattern: try reader.read(UInt64.self))
        try reader.finish()
    }
}
