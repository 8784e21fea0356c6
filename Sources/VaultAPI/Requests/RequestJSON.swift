// A request's body as JSON: one object, nothing in it that the verb does not know.

/// What a verb takes in its body.
package protocol RequestObject: Decodable {
    /// The names of all members.
    static var members: Set<String> { get }
    /// The object in words, for who sent another: "a JSON object with …".
    static var shape: String { get }
}

extension KeyedDecodingContainer {
    /// Nil where the member is missing; `null` is no value, unlike for `decodeIfPresent`.
    func decode<Value: Decodable>(_ type: Value.Type, ifThere key: Key) throws -> Value? {
        contains(key) ? try decode(type, forKey: key) : nil
    }
}

package enum RequestJSON {
    private struct Member: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The value, if every member that is there is known to it.
    private struct Closed<Value: RequestObject>: Decodable {
        let value: Value

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: Member.self).allKeys
            guard members.allSatisfy({ Value.members.contains($0.stringValue) }) else {
                throw RequestError.invalidBody(expected: Value.shape)
            }
            value = try Value(from: decoder)
        }
    }

    /// - Throws: ``RequestError/invalidBody(expected:)``.
    package static func decode<Value: RequestObject>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(RequestError) -> Value {
        do {
            return try WireJSON.decode(Closed<Value>.self, from: bytes).value
        } catch {
            throw .invalidBody(expected: Value.shape)
        }
    }
}
