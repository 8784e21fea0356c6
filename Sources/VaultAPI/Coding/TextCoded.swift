// The vault's own values as JSON strings: each has one spelling, and decoding is parsing.

package import VaultFormat

/// A value that is one JSON string.
package protocol TextCoded: Codable {
    /// - Throws: an error unless this is the value's spelling.
    init(wireText: String) throws
    var wireText: String { get }
}

extension TextCoded {
    package init(from decoder: any Decoder) throws { self = try Self.decoded(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try encodeText(to: encoder) }

    static func decoded(from decoder: any Decoder) throws -> Self {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            return try Self(wireText: text)
        } catch {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a \(Self.self)")
        }
    }

    func encodeText(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wireText)
    }
}

extension TextCoded where Self: FixedBytes {
    package init(wireText: String) throws { try self.init(hex: wireText) }
    package var wireText: String { hex }
}

extension ImageID: TextCoded {}
extension Digest256: TextCoded {}
extension PolicyDigest: TextCoded {}
extension RequestID: TextCoded {}
extension VaultID: TextCoded {}
extension SlotID: TextCoded {}
extension OperationID: TextCoded {}
extension ApprovalID: TextCoded {}
extension BackupID: TextCoded {}
extension ReceiptID: TextCoded {}
extension EscrowID: TextCoded {}
extension HoldID: TextCoded {}
extension BlobID: TextCoded {}
extension AccessTokenID: TextCoded {}
extension TicketID: TextCoded {}
extension IncidentID: TextCoded {}

extension JobID: TextCoded {
    package init(wireText: String) throws { try self.init(wireText) }
    package var wireText: String { description }
}

extension OwnerID: TextCoded {
    package init(wireText: String) throws { try self.init(wireText) }
    package var wireText: String { description }
}

extension NamespaceName: TextCoded {
    package init(wireText: String) throws { try self.init(wireText) }
    package var wireText: String { description }
}

extension FileName: TextCoded {
    /// Unlike a name in a request, one in an answer is never a path, not even in part.
    package init(wireText: String) throws {
        try self.init(wireText)
        guard text == wireText else { throw FormatError.notCanonical(field: "name") }
    }

    package var wireText: String { text }
}

// The next two have a number as raw value, which the standard library would code in their place.

extension ImageType: TextCoded {
    package init(from decoder: any Decoder) throws { self = try Self.decoded(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try encodeText(to: encoder) }

    package init(wireText: String) throws {
        guard let type = Self.allCases.first(where: { $0.mediaType == wireText }) else {
            throw FormatError.unknownValue(field: "type")
        }
        self = type
    }

    package var wireText: String { mediaType }
}

extension Door: TextCoded {
    package init(from decoder: any Decoder) throws { self = try Self.decoded(from: decoder) }
    package func encode(to encoder: any Encoder) throws { try encodeText(to: encoder) }

    package init(wireText: String) throws {
        guard let door = Self.allCases.first(where: { $0.name == wireText }) else {
            throw FormatError.unknownValue(field: "door")
        }
        self = door
    }

    package var wireText: String { name }
}

/// A moment in UTC as RFC 3339 text with six digits of a second, always 27 characters.
package struct UTCTime: TextCoded, Hashable, Sendable {
    package let wireText: String

    /// - Parameter microseconds: since 1970-01-01T00:00:00Z.
    package init(microseconds: Int64) {
        wireText = Timestamp.text(microseconds: microseconds)
    }

    /// - Throws: ``FormatError/invalidText(field:)`` unless it has the shape of a time.
    package init(wireText: String) throws {
        let shape = wireText.utf8.map { (0x30...0x39).contains($0) ? UInt8(ascii: "0") : $0 }
        guard shape.elementsEqual("0000-00-00T00:00:00.000000Z".utf8) else {
            throw FormatError.invalidText(field: "time")
        }
        self.wireText = wireText
    }

    /// Since 1970-01-01T00:00:00Z; nil where there is no such moment.
    package var microseconds: Int64? { Timestamp.microseconds(wireText) }
}
