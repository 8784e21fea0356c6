// JSON (RFC 8259) as it stands on the wire: one line of UTF-8, members in alphabetical order, so
// that equal answers are equal bytes. Not used where image bytes flow.

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

package enum WireJSON {
    /// - Throws: `EncodingError`, which none of this module's types provoke.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Members that this version does not know are passed over: a newer daemon may send them.
    ///
    /// - Throws: `DecodingError`.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: some Sequence<UInt8>
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
