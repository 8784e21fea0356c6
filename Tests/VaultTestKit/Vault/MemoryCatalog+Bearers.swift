// Access tokens, fetch tickets and what namespaces have, in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func accessToken(_ id: AccessTokenID) throws(StorageError) -> AccessTokenRow? {
        try faults.pass("accessToken")
        return tables.accessTokens.first { $0.token == id }
    }

    func accessToken(of digest: BearerDigest) throws(StorageError) -> AccessTokenRow? {
        try faults.pass("accessToken")
        return tables.accessTokens.first { $0.digest == digest || $0.previous?.digest == digest }
    }

    func accessTokens(after: Int64, limit: Int) throws(StorageError) -> [AccessTokenRow] {
        try faults.pass("accessTokens")
        return Array(tables.accessTokens.filter { $0.row > after }.prefix(limit))
    }

    func accessTokenCount() throws(StorageError) -> Int {
        try faults.pass("accessTokenCount")
        return tables.accessTokens.count
    }

    func insertAccessToken(_ token: AccessTokenRow) throws(StorageError) {
        try faults.pass("insertAccessToken")
        try tables.insert(token)
    }

    func updateAccessToken(_ token: AccessTokenRow) throws(StorageError) {
        try faults.pass("updateAccessToken")
        guard let place = tables.accessTokens.firstIndex(where: { $0.token == token.token }) else {
            throw .damaged
        }
        var token = token
        token.row = tables.accessTokens[place].row
        tables.accessTokens[place] = token
    }

    func deleteAccessToken(_ id: AccessTokenID) throws(StorageError) {
        try faults.pass("deleteAccessToken")
        tables.accessTokens.removeAll { $0.token == id }
    }

    func usage(of namespace: NamespaceName) throws(StorageError) -> Usage {
        try faults.pass("usage")
        let images = tables.images.filter { $0.namespace == namespace }
        return Usage(images: images.count, bytes: images.reduce(0) { $0 + $1.storedBytes })
    }

    // MARK: Tickets

    func ticket(_ id: TicketID) throws(StorageError) -> TicketRow? {
        try faults.pass("ticket")
        return tables.tickets.first { $0.ticket == id }
    }

    func ticket(of digest: BearerDigest) throws(StorageError) -> TicketRow? {
        try faults.pass("ticket")
        return tables.tickets.first { $0.digest == digest }
    }

    func ticketCount(of principal: PrincipalName) throws(StorageError) -> Int {
        try faults.pass("ticketCount")
        return tables.tickets.count { $0.principal == principal }
    }

    func insertTicket(_ ticket: TicketRow) throws(StorageError) {
        try faults.pass("insertTicket")
        try tables.insert(ticket)
    }

    func updateTicket(_ ticket: TicketRow) throws(StorageError) {
        try faults.pass("updateTicket")
        guard let place = tables.tickets.firstIndex(where: { $0.ticket == ticket.ticket })
        else { throw .damaged }
        tables.tickets[place] = ticket
    }

    func deleteTicket(_ id: TicketID) throws(StorageError) {
        try faults.pass("deleteTicket")
        tables.tickets.removeAll { $0.ticket == id }
    }

    func deleteTickets(
        of image: ImageID, in namespace: NamespaceName, claim: ClaimIndex?
    ) throws(StorageError) {
        try faults.pass("deleteTickets")
        tables.tickets.removeAll {
            $0.image == image && $0.namespace == namespace && (claim == nil || $0.claim == claim)
        }
    }

    func deleteTickets(expiredAt microseconds: Int64, limit: Int) throws(StorageError) {
        try faults.pass("deleteTickets")
        let gone = tables.tickets.filter { $0.expiresMicroseconds <= microseconds }
            .sorted { $0.expiresMicroseconds < $1.expiresMicroseconds }.prefix(limit)
        tables.tickets.removeAll { one in gone.contains { $0.ticket == one.ticket } }
    }
}
