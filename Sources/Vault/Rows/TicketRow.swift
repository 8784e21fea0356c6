// Leave to read one image a few times within minutes: fetch tickets. Bearers.md.

package import VaultFormat

package struct TicketRow: AuthenticatedRow, Hashable, Sendable {
    package let ticket: TicketID
    package let digest: BearerDigest
    package var namespace: NamespaceName
    package var image: ImageID
    /// The claim that it is read under, and no other.
    package var claim: ClaimIndex
    /// Who gave it.
    package let principal: PrincipalName
    /// Readings that are left.
    package var reads: UInt32
    package let expiresMicroseconds: Int64
    /// The log index of the event that made it, or of the last reading.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        ticket: TicketID, digest: BearerDigest, namespace: NamespaceName, image: ImageID,
        claim: ClaimIndex, principal: PrincipalName, reads: UInt32, expiresMicroseconds: Int64,
        changedAt: UInt64 = 0, mac: RowMAC = RowMAC(checked: [])
    ) {
        self.ticket = ticket
        self.digest = digest
        self.namespace = namespace
        self.image = image
        self.claim = claim
        self.principal = principal
        self.reads = reads
        self.expiresMicroseconds = expiresMicroseconds
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.appendShort(Array("ticket".utf8))
        writer.append(ticket.bytes)
        writer.append(digest.bytes)
        writer.appendShort(namespace.bytes)
        writer.append(image.bytes)
        writer.appendShort(claim.owner?.bytes ?? [])
        writer.appendShort(claim.job?.bytes ?? [])
        writer.appendShort(Array(principal.description.utf8))
        writer.append(reads)
        writer.append(UInt64(bitPattern: expiresMicroseconds))
        writer.append(changedAt)
        return writer.bytes
    }

    package func isValid(at microseconds: Int64) -> Bool {
        reads > 0 && microseconds < expiresMicroseconds
    }
}
