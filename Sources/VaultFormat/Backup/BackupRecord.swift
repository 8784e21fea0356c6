/// One piece of what a vault hands out for a backup, as it is framed on its way. BackupFormat §4.
package enum BackupRecord: Hashable, Sendable {
    /// Whose snapshot it is; the first of one.
    case begun(BackupID)
    /// Bytes of the catalog, in order.
    case catalog([UInt8])
    /// Bytes of the list of blobs, in order.
    case list([UInt8])
    /// The signed manifest; the last of a snapshot.
    case manifest([UInt8])
    /// A blob begins.
    case blob(ListedBlob)
    /// Bytes of the blob or the case that began last, in order.
    case piece([UInt8])
    /// A blob that was asked for is not there any more.
    case gone(BlobID)
    /// An incident's case begins; so many bytes of it come as pieces.
    case incidentCase(IncidentID, bytes: UInt64)
    /// Nothing comes behind it.
    case end

    private enum Kind: UInt8 {
        case catalog = 1, list, manifest, blob, piece, gone, incidentCase, end, begun
    }

    package static let headBytes = 5

    /// Kind, length and content.
    package var encoded: [UInt8] {
        switch self {
        case .begun(let backup): Self.framed(.begun, backup.bytes)
        case .catalog(let bytes): Self.framed(.catalog, bytes)
        case .list(let bytes): Self.framed(.list, bytes)
        case .manifest(let bytes): Self.framed(.manifest, bytes)
        case .piece(let bytes): Self.framed(.piece, bytes)
        case .gone(let blob): Self.framed(.gone, blob.bytes)
        case .incidentCase(let incident, let bytes):
            Self.framed(.incidentCase, incident.bytes + Self.bigEndian(bytes))
        case .end: Self.framed(.end, [])
        case .blob(let listed):
            Self.framed(.blob, listed.blob.bytes + Self.bigEndian(listed.bytes))
        }
    }

    private static func framed(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: headBytes + content.count)
        writer.append(kind.rawValue)
        writer.append(UInt32(content.count))
        writer.append(content)
        return writer.bytes
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] {
        var writer = ByteWriter(reserving: 8)
        writer.append(number)
        return writer.bytes
    }

    /// How long the record is whose head these bytes are.
    ///
    /// - Throws: ``FormatError`` for a length over ``Limits/backupPieceBytes``.
    package static func length(head: some Collection<UInt8>) throws(FormatError) -> Int {
        var reader = ByteReader(Array(head))
        _ = try reader.read(UInt8.self)
        let content = try reader.read(UInt32.self)
        guard content <= UInt32(Limits.backupPieceBytes) else {
            throw .outOfRange(field: "record")
        }
        return headBytes + Int(content)
    }

    /// - Throws: ``FormatError`` unless the bytes are what ``encoded`` makes.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        guard try Self.length(head: bytes.prefix(Self.headBytes)) == bytes.count else {
            throw .truncated
        }
        guard let kind = Kind(rawValue: bytes[0]) else { throw .unknownValue(field: "record") }
        let content = Array(bytes.dropFirst(Self.headBytes))
        switch kind {
        case .begun: self = .begun(try BackupID(bytes: content))
        case .catalog: self = .catalog(content)
        case .list: self = .list(content)
        case .manifest: self = .manifest(content)
        case .piece: self = .piece(content)
        case .gone: self = .gone(try BlobID(bytes: content))
        case .end:
            guard content.isEmpty else { throw .trailingBytes }
            self = .end
        case .incidentCase:
            var reader = ByteReader(content)
            let incident = try IncidentID(bytes: reader.read(IncidentID.byteCount))
            self = .incidentCase(incident, bytes: try reader.read(UInt64.self))
            try reader.finish()
        case .blob:
            var reader = ByteReader(content)
            let blob = try BlobID(bytes: reader.read(BlobID.byteCount))
            self = .blob(ListedBlob(blob: blob, bytes: try reader.read(UInt64.self)))
            try reader.finish()
        }
    }
}
