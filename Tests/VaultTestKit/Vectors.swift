// The test vectors of Vectors/*.json, which a second implementation (Tools/vectors.py) makes.
// A vector opens, or one layer refuses it with one code.

import Foundation
import VaultFormat

/// One file of vectors: what must open, and what must not.
package struct VectorFile<Vector: Decodable & Sendable>: Decodable, Sendable {
    package let opens: [Vector]
    package let refusals: [Vector]
}

package enum Vectors {
    /// Reads `name`, a file of `Vectors` without its `.json`.
    package static func load<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        let url = Bundle.module.url(
            forResource: name, withExtension: "json", subdirectory: "Vectors")
        guard let url else { throw CocoaError(.fileNoSuchFile) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: url))
    }
}

/// Bytes that a vector spells in hexadecimal.
package struct HexBytes: Decodable, Sendable {
    package let bytes: [UInt8]

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        bytes = try Hex.decode(text, count: text.utf8.count / 2)
    }
}

/// Who must refuse a vector, and how.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let layer: String
    package let code: String

    package init(_ layer: String, _ code: String) {
        self.layer = layer
        self.code = code
    }

    package var description: String { "\(layer) refuses with \(code)" }
}

/// A vector that says what it is about and, when it must not open, who refuses it.
package protocol NamedVector: Decodable, Sendable {
    var rule: String { get }
    var refusedBy: String? { get }
    var code: String? { get }
}

extension NamedVector {
    package var refusal: Refusal? {
        guard let refusedBy, let code else { return nil }
        return Refusal(refusedBy, code)
    }
}
