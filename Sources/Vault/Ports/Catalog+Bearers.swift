package import VaultFormat

/// The catalog's access tokens and fetch tickets.
package protocol BearerReader {
    func accessToken(_ id: AccessTokenID) throws(StorageError) -> AccessTokenRow?
    /// The token whose secret, or the one before, has this digest.
    func accessToken(of digest: BearerDigest) throws(StorageError) -> AccessTokenRow?
    /// By row, after row `after`.
    func accessTokens(after: Int64, limit: Int) throws(StorageError) -> [AccessTokenRow]
    func accessTokenCount() throws(StorageError) -> Int
    func ticket(_ id: TicketID) throws(StorageError) -> TicketRow?
    func ticket(of digest: BearerDigest) throws(StorageError) -> TicketRow?
    /// How many a principal gave that are left, expired ones among them.
    func ticketCount(of principal: PrincipalName) throws(StorageError) -> Int
}

package protocol BearerWriter: BearerReader {
    func insertAccessToken(_ token: AccessTokenRow) throws(StorageError)
    /// Puts secrets, end, last change and authenticator in the place of the row with its id.
    func updateAccessToken(_ token: AccessTokenRow) throws(StorageError)
    func deleteAccessToken(_ id: AccessTokenID) throws(StorageError)
    func insertTicket(_ ticket: TicketRow) throws(StorageError)
    /// Puts the readings that are left, last change and authenticator in the place of the row with its id.
    func updateTicket(_ ticket: TicketRow) throws(StorageError)
    func deleteTicket(_ id: TicketID) throws(StorageError)
    /// Those of an image that is gone, or of one claim on it.
    func deleteTickets(
        of image: ImageID, in namespace: NamespaceName, claim: ClaimIndex?
    ) throws(StorageError)
    /// Some of those that nobody can read with any more.
    func deleteTickets(expiredAt microseconds: Int64, limit: Int) throws(StorageError)
}
