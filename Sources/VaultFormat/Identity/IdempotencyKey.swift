/// The name that a caller gives to one request, so that sending it again does nothing again: 1 to 64
/// visible ASCII characters without `"`, `\`, `,` and `;`.
package struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Throws: ``FormatError/invalidText(field:)``.
    package init(_ text: String) throws(FormatError) {
        let excluded = "\"\\,;".utf8
        guard (1...Limits.idempotencyKeyBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !excluded.contains($0) })
        else { throw .invalidText(field: "idempotency key") }
        description = text
    }
}
