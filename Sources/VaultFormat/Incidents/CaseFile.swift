// The file of a case: its heading and its sealed records in their order. CaseFormat.

/// Which case of which vault a file is.
package struct CaseHeading: Hashable, Sendable {
    package static let magic = Array("IVCA".utf8)
    package static let version: UInt16 = 1
    package static let byteCount = 38

    package let vault: VaultID
    package let incident: IncidentID

    package init(vault: VaultID, incident: IncidentID) {
        self.vault = vault
        self.incident = incident
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: Self.byteCount)
        writer.append(Self.magic)
        writer.append(Self.version)
        writer.append(vault.bytes)
        writer.append(incident.bytes)
        return writer.bytes
    }

    init(reading reader: inout ByteReader) throws(FormatError) {
        try reader.expect(Self.magic)
        let version = try reader.read(UInt16.self)
        guard version == Self.version else { throw .unknownVersion(UInt64(version)) }
        vault = try VaultID(bytes: reader.read(VaultID.byteCount))
        incident = try IncidentID(bytes: reader.read(IncidentID.byteCount))
    }
}

/// One thing that a case says.
package struct CaseRecord: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// What the evidence is, in one line.
        case manifest = 1
        /// What the vault had, in lines.
        case census = 2
        /// A piece of a bundle of the log.
        case bundle = 3
        /// What was done since, in one line.
        case entry = 4
    }

    package let kind: Kind
    package let content: [UInt8]

    package init(_ kind: Kind, _ content: [UInt8]) {
        self.kind = kind
        self.content = content
    }

    package var encoded: [UInt8] { [kind.rawValue] + content }

    /// - Throws: ``FormatError`` for what is no record.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        guard let first = bytes.first else { throw .truncated }
        guard let kind = Kind(rawValue: first) else { throw .unknownValue(field: "kind") }
        self.init(kind, Array(bytes.dropFirst()))
    }

    /// Whether a record may follow one of another kind; nil at the beginning.
    package func mayFollow(_ last: Kind?) -> Bool {
        switch kind {
        case .manifest: last == nil
        case .census: last == .manifest
        case .bundle: last == .census || last == .bundle
        case .entry: last == .bundle || last == .entry
        }
    }
}

/// A file, cut into its parts; none is opened.
package struct CaseFile: Hashable, Sendable {
    package let heading: CaseHeading
    /// Of each record what is sealed, and where it ends in the file.
    package let boxes: [(bytes: ArraySlice<UInt8>, end: Int)]

    /// What a box has beside what is sealed: a nonce and a tag.
    package static let overhead = 40

    /// - Throws: ``FormatError`` for what is no case's file.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(Array(bytes.prefix(CaseHeading.byteCount)))
        heading = try CaseHeading(reading: &reader)
        var boxes: [(bytes: ArraySlice<UInt8>, end: Int)] = []
        var place = CaseHeading.byteCount
        while place < bytes.count {
            guard bytes.count - place >= 4 else { throw .truncated }
            let count = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard (Self.overhead + 1...Self.overhead + Limits.caseRecordBytes).contains(count),
                boxes.count < Limits.caseRecords
            else { throw .outOfRange(field: "record") }
            guard bytes.count - place - 4 >= count else { throw .truncated }
            let end = place + 4 + count
            boxes.append((bytes[place + 4..<end], end))
            place = end
        }
        self.boxes = boxes
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.heading == other.heading && one.boxes.elementsEqual(other.boxes) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(heading) }
}
