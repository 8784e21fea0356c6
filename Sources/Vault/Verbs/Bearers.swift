// Who shows a token or a ticket, and what it is good for. Bearers.md is the specification.

import VaultCrypto
package import VaultFormat

/// A secret that was shown, and found to be good.
package enum Bearer: Hashable, Sendable {
    case token(AccessTokenRow)
    case ticket(TicketRow)

    package var principal: PrincipalName {
        switch self {
        case .token(let row): row.principal
        case .ticket(let row): row.principal
        }
    }

    package var scopes: TokenScopes {
        switch self {
        case .token(let row): row.scopes
        case .ticket: TokenScopes([.getImages, .probeImages])
        }
    }

    package var token: AccessTokenID? {
        if case .token(let row) = self { row.token } else { nil }
    }

    var ticket: TicketID? {
        if case .ticket(let row) = self { row.ticket } else { nil }
    }
}

extension Vault {
    /// What a shown secret stands for now; nil where it stands for nothing. Leaves no event: the verb does, or
    /// whoever refuses it.
    ///
    /// The catalog is searched for a keyed hash: how long that takes tells nothing of the secret.
    ///
    /// - Throws: ``VaultError`` `sealed`, or `row-damaged`.
    package func bearer(_ shown: BearerText) throws(VaultError) -> Bearer? {
        let keyring = try keyring()
        let digest = keyring.digest(shown)
        let now = clock.nowMicroseconds()
        let found = try readingOnce { (reader) throws(StorageError) -> Bearer? in
            switch shown.kind {
            case .token: try reader.accessToken(of: digest).map { .token($0) }
            case .ticket: try reader.ticket(of: digest).map { .ticket($0) }
            }
        }
        let isGood: Bool
        do throws(VaultError) {
            switch found {
            case .token(let row):
                try row.verify(with: keyring)
                isGood = row.isValid(digest, at: now)
            case .ticket(let row):
                try row.verify(with: keyring)
                isGood = row.isValid(at: now)
            case nil: isGood = false
            }
        } catch {
            // With keys that went meanwhile nothing is found and nothing verifies: that is no damage.
            throw keyring.isErased ? VaultError(.sealed) : error
        }
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return isGood ? found : nil
    }

    /// Counts a bad secret against the user who passed it on, who has to wait longer each time until he hears of the
    /// next. Good ones get through all the while, and forgive nothing: of one uid, they may be somebody else's.
    ///
    /// - Returns: microseconds after which a bad one is told of again; nil where this one is.
    /// - Throws: ``VaultError`` when an event cannot be written.
    package func refuseBearer(
        from principal: PrincipalName, _ call: Call
    ) async throws(VaultError) -> Int64? {
        let now = clock.monotonicMicroseconds()
        let user = FailureTracker.Subject.user(call.caller.uid)
        let (wait, report) = gatekeeper.withState { state -> (Int64?, RefusalStreaks.Report?) in
            let decision = state.bearers.decision(for: [user], of: principal, at: now)
            guard case .delay(let wait) = decision else {
                _ = state.bearers.failed([user], of: principal, at: now)
                return (nil, nil)
            }
            let subject = RefusalStreaks.Subject(principal: principal, limit: .secrets)
            return (wait, state.streaks.refused(subject, call.caller, at: now))
        }
        if let report { try await record(report) }
        return wait
    }
}

// MARK: Access tokens

/// A page of access tokens and where the next begins.
package struct AccessTokenPage: Sendable {
    package let tokens: [AccessTokenRow]
    package let next: Int64?
}

/// What a new access token is to be.
package struct AccessTokenOrder: Hashable, Sendable {
    package let principal: PrincipalName
    package let scopes: TokenScopes
    package let days: Int
    package let note: AdminNote

    package init(
        principal: PrincipalName, scopes: TokenScopes, days: Int, note: AdminNote
    ) {
        self.principal = principal
        self.scopes = scopes
        self.days = days
        self.note = note
    }
}

extension Vault {
    /// Makes an access token.
    ///
    /// - Parameter answer: what its sender is told, and what is kept where the request may come again: then without
    ///   the secret, which is told once and stands nowhere.
    /// - Throws: ``VaultError`` `too-many-tokens`.
    package func createToken(
        _ order: AccessTokenOrder, _ call: Call, at place: RequestPlace?,
        _ answer: @escaping @Sendable (AccessTokenRow, BearerText?) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        try await audited(.tokenCreated, call) { () async throws(VaultError) in
            let secret = try newSecret(.token)
            let now = clock.nowMicroseconds()
            let row = AccessTokenRow(
                token: try random(), digest: try digest(secret), principal: order.principal,
                scopes: order.scopes, createdMicroseconds: now, creator: call.caller.uid,
                expiresMicroseconds: Self.end(of: order.days, from: now), note: order.note)
            let committed = try await committer.commit(
                .createToken(row), event(.tokenCreated, call),
                keeping: place.map { KeptAnswer(place: $0, answer: answer(row, nil)) })
            return answer(try token(committed), secret)
        }
    }

    /// Gives a token another secret, and `days` from now on; the one before goes on for `overlapSeconds`.
    ///
    /// - Throws: ``VaultError`` `unknown-token`.
    package func rotateToken(
        _ id: AccessTokenID, days: Int, overlapSeconds: Int, _ call: Call
    ) async throws(VaultError) -> (token: AccessTokenRow, secret: BearerText) {
        try await audited(.tokenRotated, call) { () async throws(VaultError) in
            let secret = try newSecret(.token)
            let now = clock.nowMicroseconds()
            var event = event(.tokenRotated, call)
            event.token = id
            let committed = try await committer.commit(
                .rotateToken(
                    id, try digest(secret), previousUntil: now + Int64(overlapSeconds) * 1_000_000,
                    expires: Self.end(of: days, from: now)), event)
            return (try token(committed), secret)
        }
    }

    /// Ends a token and both its secrets at once.
    ///
    /// - Throws: ``VaultError`` `unknown-token`.
    package func revokeToken(
        _ id: AccessTokenID, _ call: Call
    ) async throws(VaultError) -> AccessTokenRow {
        try await audited(.tokenRevoked, call) { () async throws(VaultError) in
            var event = event(.tokenRevoked, call)
            event.token = id
            return try token(try await committer.commit(.revokeToken(id), event))
        }
    }

    package func accessTokens(
        after: Int64, limit: Int, _ call: Call
    ) async throws(VaultError) -> AccessTokenPage {
        try await audited(.tokensRead, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let limit = min(max(limit, 1), Limits.pageRows)
            let rows = try reading { (reader) throws(StorageError) in
                try reader.accessTokens(after: after, limit: limit + 1)
            }
            for row in rows { try row.verify(with: keyring) }
            try await committer.record(event(.tokensRead, call))
            return AccessTokenPage(
                tokens: Array(rows.prefix(limit)),
                next: rows.count > limit ? rows[limit - 1].row : nil)
        }
    }

    private func token(_ committed: Committed) throws(VaultError) -> AccessTokenRow {
        guard case .token(let row) = committed.result else { throw VaultError(.internalError) }
        return row
    }

    private static func end(of days: Int, from now: Int64) -> Int64 {
        now + Int64(days) * 86_400 * 1_000_000
    }

    private func newSecret(_ kind: BearerText.Kind) throws(VaultError) -> BearerText {
        do throws(CryptoError) { return try .random(kind) } catch {
            throw VaultError(error.code(orElse: .internalError))
        }
    }

    private func digest(_ secret: BearerText) throws(VaultError) -> BearerDigest {
        let keyring = try keyring()
        let digest = keyring.digest(secret)
        // A keyring that is gone gives the digest of nothing.
        guard !keyring.isErased else { throw VaultError(.sealed) }
        return digest
    }
}

// MARK: Tickets

extension Vault {
    /// Makes a ticket for an image that the caller may read itself, under the same claim.
    ///
    /// - Throws: ``VaultError`` `unknown-image`, `quarantined`, or `overloaded`.
    package func createTicket(
        for image: ImageID, claim: Claim, reads: Int, seconds: Int, of principal: PrincipalName,
        _ call: Call
    ) async throws(VaultError) -> (ticket: TicketRow, secret: BearerText) {
        try await audited(.ticketCreated, call, image: image) { () async throws(VaultError) in
            let keyring = try keyring()
            let (_, reference) = try find(image, claim, call, keyring)
            let secret = try newSecret(.ticket)
            var event = event(.ticketCreated, call, image: image)
            let row = TicketRow(
                ticket: try random(), digest: try digest(secret), namespace: call.namespace,
                image: image, claim: reference.claim, principal: principal, reads: UInt32(reads),
                expiresMicroseconds: event.atMicroseconds + Int64(seconds) * 1_000_000)
            event.ticket = row.ticket
            event.reference = reference.reference
            event.lookups = reference.claim.lookups
            event.principal = principal
            event.count = reads
            event.until = .until(microseconds: row.expiresMicroseconds)
            _ = try await committer.commit(.createTicket(row), event)
            return (row, secret)
        }
    }
}
