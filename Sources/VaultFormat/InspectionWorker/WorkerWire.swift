// What the messages between vaultd and a worker have in common: fixed width, big-endian, a tag of
// four letters, a version, no strings. A message has one spelling; a reader refuses every other
// length, version, number of an enumeration, and any reserved byte that is not zero.

enum WorkerWire {
    /// Both sides come from one build; this catches the day when they do not.
    static let version: UInt8 = 1

    static func writer(tag: String, byteCount: Int) -> ByteWriter {
        var writer = ByteWriter(reserving: byteCount)
        writer.append(tag.utf8)
        writer.append(version)
        return writer
    }

    static func reader(
        _ bytes: [UInt8], tag: String, byteCount: Int
    ) throws(FormatError) -> ByteReader {
        guard bytes.count == byteCount else {
            throw .wrongLength(expected: byteCount, actual: bytes.count)
        }
        var reader = ByteReader(bytes)
        try reader.expect(Array(tag.utf8))
        let found = try reader.read(UInt8.self)
        guard found == version else { throw .unknownVersion(UInt64(found)) }
        return reader
    }
}

extension ByteReader {
    mutating func readValue<Value: RawRepresentable<UInt8>>(
        _ field: String, as _: Value.Type = Value.self
    ) throws(FormatError) -> Value {
        guard let value = Value(rawValue: try read()) else { throw .unknownValue(field: field) }
        return value
    }

    mutating func readZeros(_ count: Int) throws(FormatError) {
        guard try read(count).allSatisfy({ $0 == 0 }) else {
            throw .notCanonical(field: "reserved")
        }
    }
}
