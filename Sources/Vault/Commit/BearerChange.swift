// What happens to the rows of access tokens and fetch tickets.

import VaultCrypto
import VaultFormat

/// Carries their changes out inside a transaction.
struct BearerChange {
    let catalog: any CatalogWriter
    let keyring: Keyring
    let index: UInt64
    let microseconds: Int64

    func apply(_ change: Change) throws(ChangeFailure) -> ChangeResult {
        switch change {
        case .createToken(let token): return .token(try create(token))
        case .rotateToken(let id, let digest, let until, let expires):
            return .token(try rotate(id, digest, until, expires))
        case .revokeToken(let id): return .token(try revoke(id))
        case .createTicket(let ticket): try create(ticket)
        case .useTicket(let id): try use(id)
        default: throw .refused(VaultError(.internalError))
        }
        return .none
    }

    private func create(_ offered: AccessTokenRow) throws(ChangeFailure) -> AccessTokenRow {
        let count = try catalogued { () throws(StorageError) in try catalog.accessTokenCount() }
        guard count < Limits.accessTokens else { throw .refused(VaultError(.tooManyTokens)) }
        let token = offered.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.insertAccessToken(token) }
        return token
    }

    private func rotate(
        _ id: AccessTokenID, _ digest: BearerDigest, _ until: Int64, _ expires: Int64
    ) throws(ChangeFailure) -> AccessTokenRow {
        var token = try token(id)
        // What has expired is not brought back by its overlap.
        let end = min(until, token.expiresMicroseconds)
        token.previous =
            end > microseconds ? .init(digest: token.digest, untilMicroseconds: end) : nil
        token.digest = digest
        token.expiresMicroseconds = expires
        let changed = token.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in try catalog.updateAccessToken(changed) }
        return changed
    }

    private func revoke(_ id: AccessTokenID) throws(ChangeFailure) -> AccessTokenRow {
        let token = try token(id)
        try catalogued { () throws(StorageError) in try catalog.deleteAccessToken(id) }
        return token
    }

    private func token(_ id: AccessTokenID) throws(ChangeFailure) -> AccessTokenRow {
        let found = try catalogued { () throws(StorageError) in try catalog.accessToken(id) }
        guard let token = found else { throw .refused(VaultError(.unknownToken)) }
        try refusing { () throws(VaultError) in try token.verify(with: keyring) }
        return token
    }

    // MARK: Tickets

    private func create(_ offered: TicketRow) throws(ChangeFailure) {
        let ticket = offered.authenticated(by: keyring, at: index)
        let count = try catalogued { () throws(StorageError) in
            try catalog.deleteTickets(expiredAt: microseconds, limit: Limits.ticketSweep)
            return try catalog.ticketCount(of: ticket.principal)
        }
        guard count < Limits.ticketsEach else { throw .refused(VaultError(.overloaded)) }
        try catalogued { () throws(StorageError) in try catalog.insertTicket(ticket) }
    }

    private func use(_ id: TicketID) throws(ChangeFailure) {
        let found = try catalogued { () throws(StorageError) in try catalog.ticket(id) }
        guard var ticket = found else { throw .refused(VaultError(.ticketRefused)) }
        try refusing { () throws(VaultError) in
            try ticket.verify(with: keyring)
            guard ticket.isValid(at: microseconds) else { throw VaultError(.ticketRefused) }
        }
        ticket.reads -= 1
        let used = ticket.authenticated(by: keyring, at: index)
        try catalogued { () throws(StorageError) in
            if used.reads == 0 {
                try catalog.deleteTicket(id)
            } else {
                try catalog.updateTicket(used)
            }
        }
    }
}
