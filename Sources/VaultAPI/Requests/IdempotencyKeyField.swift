// `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a structured-field string (RFC 9651
// §3.3.3) without escapes, or the same characters without quotation marks.

package import VaultFormat

package enum IdempotencyKeyField {
    /// The key that a request gives itself; nil where it gives none.
    ///
    /// - Throws: ``RequestError/invalidHeader(_:expected:)``.
    package static func key(fields: [String]) throws(RequestError) -> IdempotencyKey? {
        try onlyValue(
            of: fields,
            orThrow: .invalidHeader(
                HeaderName.idempotencyKey,
                expected: "1 to \(Limits.idempotencyKeyBytes) visible ASCII characters in quotes"),
            parse)
    }

    private static func parse(_ field: String) throws(FormatError) -> IdempotencyKey {
        guard field.count >= 2, field.first == "\"", field.last == "\"" else {
            return try IdempotencyKey(field)
        }
        return try IdempotencyKey(String(field.dropFirst().dropLast()))
    }

    /// The field as clients of this project send it.
    package static func field(_ key: IdempotencyKey) -> String { "\"\(key)\"" }
}
