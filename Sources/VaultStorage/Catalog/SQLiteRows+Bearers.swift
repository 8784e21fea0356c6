// The rows of access tokens and of fetch tickets.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let tokenColumns = """
        id, token, digest, previous, previous_until, principal, scopes, created, creator, expires, note,
        changed, mac
        """
    private static let ticketColumns = """
        ticket, digest, namespace, image, owner, job, principal, reads, expires, changed, mac
        """

    // MARK: Access tokens

    func accessToken(_ id: AccessTokenID) throws(StorageError) -> AccessTokenRow? {
        try first(
            "SELECT \(Self.tokenColumns) FROM access_token WHERE token = ?", [id.bytes]
        ) { row throws in try AccessTokenRow(row) }
    }

    func accessToken(of digest: BearerDigest) throws(StorageError) -> AccessTokenRow? {
        let digest = digest.bytes
        return try first(
            "SELECT \(Self.tokenColumns) FROM access_token WHERE digest = ? OR previous = ?",
            [digest, digest]
        ) { row throws in try AccessTokenRow(row) }
    }

    func accessTokens(after: Int64, limit: Int) throws(StorageError) -> [AccessTokenRow] {
        try all(
            "SELECT \(Self.tokenColumns) FROM access_token WHERE id > ? ORDER BY id LIMIT ?",
            [after, limit]
        ) { row throws in try AccessTokenRow(row) }
    }

    func accessTokenCount() throws(StorageError) -> Int {
        try first("SELECT count(*) FROM access_token", []) { row throws in
            try value(row, 0) as Int
        } ?? 0
    }

    func insertAccessToken(_ token: AccessTokenRow) throws(StorageError) {
        try run(
            """
            INSERT INTO access_token (token, digest, previous, previous_until, principal, scopes, created,
                creator, expires, note, changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                token.token.bytes, token.digest.bytes,
                token.previous?.digest.bytes ?? [], token.previous?.untilMicroseconds ?? 0,
                token.principal.description, token.scopes.description, token.createdMicroseconds,
                Int64(token.creator), token.expiresMicroseconds, token.note.text,
                Int64(clamping: token.changedAt), token.mac.bytes,
            ])
    }

    func updateAccessToken(_ token: AccessTokenRow) throws(StorageError) {
        try run(
            """
            UPDATE access_token SET digest = ?, previous = ?, previous_until = ?, expires = ?, changed = ?,
                mac = ? WHERE token = ?
            """,
            [
                token.digest.bytes, token.previous?.digest.bytes ?? [],
                token.previous?.untilMicroseconds ?? 0, token.expiresMicroseconds,
                Int64(clamping: token.changedAt), token.mac.bytes, token.token.bytes,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func deleteAccessToken(_ id: AccessTokenID) throws(StorageError) {
        try run("DELETE FROM access_token WHERE token = ?", [id.bytes])
    }

    // MARK: Tickets

    func ticket(_ id: TicketID) throws(StorageError) -> TicketRow? {
        try first("SELECT \(Self.ticketColumns) FROM ticket WHERE ticket = ?", [id.bytes]) {
            row throws in try TicketRow(row)
        }
    }

    func ticket(of digest: BearerDigest) throws(StorageError) -> TicketRow? {
        try first(
            "SELECT \(Self.ticketColumns) FROM ticket WHERE digest = ?", [digest.bytes]
        ) { row throws in try TicketRow(row) }
    }

    func ticketCount(of principal: PrincipalName) throws(StorageError) -> Int {
        try first(
            "SELECT tickets FROM ticket_count WHERE principal = ?", [principal.description]
        ) { row throws in try value(row, 0) as Int } ?? 0
    }

    func insertTicket(_ ticket: TicketRow) throws(StorageError) {
        try run(
            """
            INSERT INTO ticket (ticket, digest, namespace, image, owner, job, principal, reads, expires,
                changed, mac)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                ticket.ticket.bytes, ticket.digest.bytes, ticket.namespace.description,
                ticket.image.bytes, ticket.claim.owner.column, ticket.claim.job.column,
                ticket.principal.description, Int64(ticket.reads), ticket.expiresMicroseconds,
                Int64(clamping: ticket.changedAt), ticket.mac.bytes,
            ])
    }

    func updateTicket(_ ticket: TicketRow) throws(StorageError) {
        try run(
            "UPDATE ticket SET reads = ?, changed = ?, mac = ? WHERE ticket = ?",
            [
                Int64(ticket.reads), Int64(clamping: ticket.changedAt), ticket.mac.bytes,
                ticket.ticket.bytes,
            ])
        guard db.changesCount == 1 else { throw .damaged }
    }

    func deleteTicket(_ id: TicketID) throws(StorageError) {
        try run("DELETE FROM ticket WHERE ticket = ?", [id.bytes])
    }

    func deleteTickets(
        of image: ImageID, in namespace: NamespaceName, claim: ClaimIndex?
    ) throws(StorageError) {
        let place: Bindings = [image.bytes, namespace.description]
        guard let claim else {
            return try run("DELETE FROM ticket WHERE image = ? AND namespace = ?", place)
        }
        try run(
            "DELETE FROM ticket WHERE image = ? AND namespace = ? AND owner = ? AND job = ?",
            place + [claim.owner.column, claim.job.column])
    }

    func deleteTickets(expiredAt microseconds: Int64, limit: Int) throws(StorageError) {
        try run(
            """
            DELETE FROM ticket WHERE id IN
                (SELECT id FROM ticket WHERE expires <= ? ORDER BY expires LIMIT ?)
            """, [microseconds, limit])
    }
}

extension AccessTokenRow {
    fileprivate init(_ row: RawStatement) throws {
        let previous = try bytes(row, 3)
        let until: Int64 = try value(row, 4)
        guard previous.isEmpty == (until == 0) else { throw StorageError.damaged }
        let digest = previous.isEmpty ? nil : try BearerDigest(bytes: previous)
        self.init(
            row: try value(row, 0), token: try AccessTokenID(bytes: bytes(row, 1)),
            digest: try BearerDigest(bytes: bytes(row, 2)),
            previous: digest.map { Previous(digest: $0, untilMicroseconds: until) },
            principal: try PrincipalName(value(row, 5)), scopes: try TokenScopes(value(row, 6)),
            createdMicroseconds: try value(row, 7), creator: try value(row, 8),
            expiresMicroseconds: try value(row, 9), note: try AdminNote(value(row, 10)),
            changedAt: try value(row, 11), mac: try RowMAC(bytes: bytes(row, 12)))
    }
}

extension TicketRow {
    fileprivate init(_ row: RawStatement) throws {
        self.init(
            ticket: try TicketID(bytes: bytes(row, 0)),
            digest: try BearerDigest(bytes: bytes(row, 1)),
            namespace: try NamespaceName(value(row, 2)), image: try ImageID(bytes: bytes(row, 3)),
            claim: ClaimIndex(owner: try .parse(value(row, 4)), job: try .parse(value(row, 5))),
            principal: try PrincipalName(value(row, 6)), reads: try value(row, 7),
            expiresMicroseconds: try value(row, 8), changedAt: try value(row, 9),
            mac: try RowMAC(bytes: bytes(row, 10)))
    }
}
