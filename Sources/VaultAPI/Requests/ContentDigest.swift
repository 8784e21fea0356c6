// What an upload shall hash to: `Content-Digest: sha-256=:…:` (RFC 9530 §2), a dictionary of structured
// fields (RFC 9651) of which only the SHA-256 member counts here.

package import VaultFormat

package enum ContentDigest {
    /// Bytes of the field that are looked at; two digests and room to spare.
    private static let longestField = 512

    /// The SHA-256 that the sender promises; nil where none is sent.
    ///
    /// - Parameter fields: every value of `Content-Digest`.
    /// - Throws: ``RequestError/invalidDigest`` for a member that is no digest, or is there twice.
    package static func sha256(fields: [String]) throws(RequestError) -> Digest256? {
        var found: Digest256?
        for member in fields.joined(separator: ",").split(separator: ",") {
            guard member.utf8.count <= longestField else { throw .invalidDigest }
            let text = member.drop { $0 == " " || $0 == "\t" }
            guard text.hasPrefix("sha-256=") else { continue }
            guard found == nil else { throw .invalidDigest }
            found = try digest(text.dropFirst("sha-256=".count))
        }
        return found
    }

    /// The field that tells `digest` (`Content-Digest`, `Repr-Digest`).
    package static func field(_ digest: Digest256) -> String {
        "sha-256=:\(Base64.encode(digest.bytes)):"
    }

    /// A byte sequence between colons.
    private static func digest(_ item: Substring) throws(RequestError) -> Digest256 {
        let trimmed = String(item.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        guard trimmed.count > 2, trimmed.first == ":", trimmed.last == ":" else {
            throw .invalidDigest
        }
        do throws(FormatError) {
            return try Digest256(bytes: Base64.decode(trimmed.dropFirst().dropLast()))
        } catch {
            throw .invalidDigest
        }
    }
}
