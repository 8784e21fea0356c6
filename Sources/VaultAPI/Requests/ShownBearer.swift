// What a request shows beside who the kernel says is calling: `Authorization`, `Vault-Ticket`, `?ticket=`.

package import VaultFormat

/// What a request shows; what has not the form of a secret is shown all the same, and good for nothing.
package struct ShownBearer: Hashable, Sendable {
    package let kind: BearerText.Kind
    /// Nil for what cannot be one of its kind.
    package let text: BearerText?

    /// The query's name for a ticket, at the paths that take one.
    package static let parameter = "ticket"

    /// - Parameters:
    ///   - authorization: every value of `Authorization`.
    ///   - ticketFields: every value of `Vault-Ticket`.
    ///   - query: of a path that takes a ticket there; else nil.
    /// - Returns: nil where nothing is shown; of several, the first one's kind, good for nothing. A query that cannot
    ///   be read shows nothing: whoever reads it says so.
    package static func shown(
        authorization: [String], ticketFields: [String], query: Substring?
    ) -> ShownBearer? {
        let parsed = query.flatMap { try? QueryString($0, allowed: [Self.parameter]) }
        let tickets = ticketFields + [parsed?[Self.parameter]].compactMap(\.self)
        let shown =
            authorization.map { Self(.token, bearer($0)) } + tickets.map { Self(.ticket, $0) }
        guard shown.count > 1, let first = shown.first else { return shown.first }
        return Self(first.kind, nil)
    }

    private init(_ kind: BearerText.Kind, _ text: String?) {
        self.kind = kind
        let parsed = text.flatMap { try? BearerText(parsing: $0) }
        self.text = parsed?.kind == kind ? parsed : nil
    }

    /// What follows `Bearer` (RFC 6750 §2.1).
    private static func bearer(_ field: String) -> String? {
        let parts = field.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
