// What the vault says of access tokens and fetch tickets.

package import VaultFormat

package struct TokenAnswer: Codable, Hashable, Sendable {
    package var id: AccessTokenID
    /// Told once, to whoever made or rotated it; the vault has no readable word of it.
    @Nullable package var token: String?
    package var principal: String
    /// All that the principal may where there is none.
    package var scopes: [String]
    package var created: UTCTime
    package var creator: UInt32
    package var expires: UTCTime
    /// Until when the secret before the last rotation goes on; null where none does.
    @Nullable package var overlapEnds: UTCTime?
    package var note: String

    private enum CodingKeys: String, CodingKey {
        case id, token, principal, scopes, created, creator, expires, note
        case overlapEnds = "overlap_ends"
    }

    package init(
        id: AccessTokenID, secret: BearerText?, principal: PrincipalName, scopes: TokenScopes,
        createdMicroseconds: Int64, creator: UInt32, expiresMicroseconds: Int64,
        overlapEndsMicroseconds: Int64?, note: AdminNote
    ) {
        self.id = id
        token = secret.map { String(decoding: $0.bytes, as: UTF8.self) }
        self.principal = principal.description
        self.scopes = scopes.verbs.map(\.rawValue)
        created = UTCTime(microseconds: createdMicroseconds)
        self.creator = creator
        expires = UTCTime(microseconds: expiresMicroseconds)
        overlapEnds = overlapEndsMicroseconds.map { UTCTime(microseconds: $0) }
        self.note = note.text
    }
}

package struct TokenListAnswer: Codable, Hashable, Sendable {
    package var tokens: [TokenAnswer]
    /// To be sent as `after`; nil on the last page.
    @Nullable package var next: PageCursor?

    package init(tokens: [TokenAnswer], next: PageCursor?) {
        self.tokens = tokens
        self.next = next
    }
}

/// `POST /v1/images/{id}/tickets`.
package struct TicketAnswer: Codable, Hashable, Sendable {
    package var id: TicketID
    /// Told once.
    package var ticket: String
    package var image: ImageID
    package var reads: Int
    package var expires: UTCTime
    /// The path and query that a browser fetches the image by, through a proxy.
    package var path: String

    package init(
        id: TicketID, secret: BearerText, image: ImageID, reads: Int, expiresMicroseconds: Int64
    ) {
        self.id = id
        ticket = String(decoding: secret.bytes, as: UTF8.self)
        self.image = image
        self.reads = reads
        expires = UTCTime(microseconds: expiresMicroseconds)
        path = "\(APIPath.image(image))?\(ShownBearer.parameter)=\(ticket)"
    }
}
