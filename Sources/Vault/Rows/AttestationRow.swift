// Somebody's word on what no program can see, with the digest of the evidence. One an item: the last one given.

package import VaultFormat

package struct AttestationRow: AuthenticatedRow, Hashable, Sendable {
    package let item: DoctorItem
    /// SHA-256 of the evidence, and how long it is; whoever attests keeps it.
    package let evidence: Digest256
    package let evidenceBytes: Int
    /// Who gave his word, and when.
    package let attester: UInt32
    package let madeMicroseconds: Int64
    package let expiresMicroseconds: Int64
    /// The log index of the event that made it.
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        item: DoctorItem, evidence: Digest256, evidenceBytes: Int, attester: UInt32,
        madeMicroseconds: Int64, expiresMicroseconds: Int64, changedAt: UInt64 = 0,
        mac: RowMAC = RowMAC(checked: [])
    ) {
        self.item = item
        self.evidence = evidence
        self.evidenceBytes = evidenceBytes
        self.attester = attester
        self.madeMicroseconds = madeMicroseconds
        self.expiresMicroseconds = expiresMicroseconds
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.appendShort(Array("attestation".utf8))
        writer.appendShort(Array(item.rawValue.utf8))
        writer.append(evidence.bytes)
        writer.append(UInt64(clamping: evidenceBytes))
        writer.append(attester)
        writer.append(UInt64(bitPattern: madeMicroseconds))
        writer.append(UInt64(bitPattern: expiresMicroseconds))
        writer.append(changedAt)
        return writer.bytes
    }
}
