// Who speaks for a principal from elsewhere than its uid: access tokens. Bearers.md.

import VaultCrypto
package import VaultFormat

package struct AccessTokenRow: AuthenticatedRow, Hashable, Sendable {
    /// The secret before the last rotation, and until when it goes on.
    package struct Previous: Hashable, Sendable {
        package let digest: BearerDigest
        package let untilMicroseconds: Int64

        package init(digest: BearerDigest, untilMicroseconds: Int64) {
            self.digest = digest
            self.untilMicroseconds = untilMicroseconds
        }
    }

    /// The catalog's number; zero before it is inserted.
    package var row: Int64
    package let token: AccessTokenID
    package var digest: BearerDigest
    package var previous: Previous?
    package let principal: PrincipalName
    package let scopes: TokenScopes
    /// When it was made, and by whom.
    package let createdMicroseconds: Int64
    package let creator: UInt32
    package var expiresMicroseconds: Int64
    package let note: AdminNote
    /// The log index of the event that made it or rotated it.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        row: Int64 = 0, token: AccessTokenID, digest: BearerDigest, previous: Previous? = nil,
        principal: PrincipalName, scopes: TokenScopes, createdMicroseconds: Int64,
        creator: UInt32, expiresMicroseconds: Int64, note: AdminNote, changedAt: UInt64 = 0,
        mac: RowMAC = RowMAC(checked: [])
    ) {
        self.row = row
        self.token = token
        self.digest = digest
        self.previous = previous
        self.principal = principal
        self.scopes = scopes
        self.createdMicroseconds = createdMicroseconds
        self.creator = creator
        self.expiresMicroseconds = expiresMicroseconds
        self.note = note
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.appendShort(Array("token".utf8))
        writer.append(token.bytes)
        writer.append(digest.bytes)
        writer.appendShort(previous?.digest.bytes ?? [])
        writer.append(UInt64(bitPattern: previous?.untilMicroseconds ?? 0))
        writer.appendShort(Array(principal.description.utf8))
        writer.append(LogHash.digest(Array(scopes.description.utf8)).bytes)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.append(creator)
        writer.append(UInt64(bitPattern: expiresMicroseconds))
        writer.appendShort(Array(note.text.utf8))
        writer.append(changedAt)
        return writer.bytes
    }

    /// Whether a secret of this digest opens anything now.
    package func isValid(_ shown: BearerDigest, at microseconds: Int64) -> Bool {
        guard microseconds < expiresMicroseconds else { return false }
        if shown == digest { return true }
        return previous.map { shown == $0.digest && microseconds < $0.untilMicroseconds } ?? false
    }
}
