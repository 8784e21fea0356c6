// The rules of access tokens and of fetch tickets.

import Vault
import VaultFormat

extension CatalogConformance {
    static let bearerRules = [
        Rule("a token is found by its secret, and by the one before, until it goes", accessTokens),
        Rule("tokens come by row, and are counted", accessTokenPages),
        Rule("a ticket is found by its secret, with what is left of it, until it goes", tickets),
        Rule("what a namespace has is counted as its images come and go", usage),
        Rule("tickets go with their image, or with their claim", ticketsOfImages),
        Rule("expired tickets go, the oldest first, and no others", expiredTickets),
    ]

    private static func accessTokens(_ catalog: any Catalog) throws {
        var rows = TestRows()
        for _ in 0..<10 {
            var token = try rows.accessToken()
            try catalog.transact { try $0.insertAccessToken(token) }
            token.row = try catalog.look { try $0.accessToken(token.token) }?.row ?? 0
            try require(token.row > 0, "no row")
            try same(try catalog.look { try $0.accessToken(token.token) }, Optional(token))
            try same(try catalog.look { try $0.accessToken(of: token.digest) }, Optional(token))
            let old = token.digest
            token.previous = .init(digest: old, untilMicroseconds: 12)
            token.digest = rows.id()
            token.expiresMicroseconds = 13
            token.changedAt = 14
            token.mac = rows.id()
            let changed = token
            try catalog.transact { try $0.updateAccessToken(changed) }
            try same(try catalog.look { try $0.accessToken(of: old) }, Optional(token))
            try same(try catalog.look { try $0.accessToken(of: token.digest) }, Optional(token))
            try refuses(StorageError.damaged) {
                try catalog.transact { try $0.insertAccessToken(changed) }
            }
        }
        try same(try catalog.look { try $0.accessToken(of: rows.id()) }, nil)
        let unknown = try rows.accessToken()
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.updateAccessToken(unknown) }
        }
    }

    private static func accessTokenPages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [AccessTokenRow] = []
        for _ in 0..<5 {
            var token = try rows.accessToken()
            try catalog.transact { try $0.insertAccessToken(token) }
            token.row = try catalog.look { try $0.accessToken(token.token) }?.row ?? 0
            made.append(token)
        }
        try same(
            try catalog.look { try $0.accessTokens(after: made[1].row, limit: 2) },
            [made[2], made[3]])
        try same(try catalog.look { try $0.accessTokenCount() }, 5)
        try catalog.transact { try $0.deleteAccessToken(made[0].token) }
        try same(try catalog.look { try $0.accessTokenCount() }, 4)
        try same(try catalog.look { try $0.accessToken(made[0].token) }, nil)
        try same(try catalog.look { try $0.accessToken(of: made[0].digest) }, nil)
    }

    private static func usage(_ catalog: any Catalog) throws {
        var rows = TestRows()
        func expect(_ namespace: NamespaceName, _ images: Int, _ bytes: Int) throws {
            try same(
                try catalog.look { try $0.usage(of: namespace) },
                Usage(images: images, bytes: bytes))
        }
        try expect(.standard, 0, 0)
        var one = rows.image()
        let other = rows.image()
        let elsewhere = rows.image(in: TestKeys.clinic)
        one.row = try catalog.transact { try $0.insertImage(one) }
        _ = try catalog.transact { try $0.insertImage(other) }
        _ = try catalog.transact { try $0.insertImage(elsewhere) }
        try expect(.standard, 2, one.storedBytes + other.storedBytes)
        try expect(TestKeys.clinic, 1, elsewhere.storedBytes)
        let gone = one
        try catalog.transact { try $0.deleteImage(gone) }
        try expect(.standard, 1, other.storedBytes)
        try refuses(StorageError.damaged) { try catalog.transact { try $0.deleteImage(gone) } }
        try expect(.standard, 1, other.storedBytes)
    }

    private static func tickets(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var ticket = try rows.ticket()
        func count() throws -> Int {
            try catalog.look { try $0.ticketCount(of: ticket.principal) }
        }
        try same(try count(), 0)
        try catalog.transact { try $0.insertTicket(ticket) }
        try same(try catalog.look { try $0.ticket(of: ticket.digest) }, Optional(ticket))
        try refuses(StorageError.damaged) { try catalog.transact { try $0.insertTicket(ticket) } }
        ticket.reads -= 1
        ticket.changedAt = 4
        ticket.mac = rows.id()
        let used = ticket
        try catalog.transact { try $0.updateTicket(used) }
        try same(try count(), 1)
        try same(try catalog.look { try $0.ticket(used.ticket) }, Optional(used))
        try same(try catalog.look { try $0.ticket(of: rows.id()) }, nil)
        try catalog.transact { try $0.deleteTicket(used.ticket) }
        try same(try catalog.look { try $0.ticket(of: used.digest) }, nil)
        try refuses(StorageError.damaged) { try catalog.transact { try $0.updateTicket(used) } }
    }

    private static func expiredTickets(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [TicketRow] = []
        for expires: Int64 in [30, 10, 20, 40] {
            let ticket = try rows.ticket(expires: expires)
            try catalog.transact { try $0.insertTicket(ticket) }
            made.append(ticket)
        }
        func left() throws -> [Int64] {
            try catalog.look { (reader) throws(StorageError) in
                var found: [Int64] = []
                for ticket in made {
                    if let row = try reader.ticket(ticket.ticket) {
                        found.append(row.expiresMicroseconds)
                    }
                }
                return found
            }
        }
        try catalog.transact { try $0.deleteTickets(expiredAt: 30, limit: 2) }
        try same(try left(), [30, 40])
        try catalog.transact { try $0.deleteTickets(expiredAt: 30, limit: 2) }
        try same(try left(), [40])
        try same(try catalog.look { try $0.ticketCount(of: made[0].principal) }, 1)
    }

    private static func ticketsOfImages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var made: [TicketRow] = []
        let (image, claim) = (rows.id(ImageID.self), ClaimIndex(owner: rows.id(), job: nil))
        for place in 0..<4 {
            var ticket = try rows.ticket()
            if place < 3 { ticket.image = image }
            if place == 0 { ticket.claim = claim }
            if place == 2 { ticket.namespace = TestKeys.clinic }
            let row = ticket
            try catalog.transact { try $0.insertTicket(row) }
            made.append(row)
        }
        func left() throws -> [Bool] {
            try catalog.look { (reader) throws(StorageError) in
                var found: [Bool] = []
                for ticket in made { found.append(try reader.ticket(ticket.ticket) != nil) }
                return found
            }
        }
        try catalog.transact { try $0.deleteTickets(of: image, in: .standard, claim: claim) }
        try same(try left(), [false, true, true, true])
        try catalog.transact { try $0.deleteTickets(of: image, in: .standard, claim: nil) }
        try same(try left(), [false, false, true, true])
    }
}
