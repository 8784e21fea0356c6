package import VaultCrypto
package import VaultFormat

/// When a slot last opened its keyring. It decides whether another slot may go, so that it carries an
/// authenticator: whoever can only write the catalog proves nothing. ObjectFormat §8.
package struct SlotProof: AuthenticatedRow, Hashable {
    package let slot: SlotID
    package let provedMicroseconds: Int64
    package var changedAt: UInt64
    package var mac: RowMAC

    package init(
        slot: SlotID, provedMicroseconds: Int64, changedAt: UInt64 = 0,
        mac: RowMAC = RowMAC(checked: [])
    ) {
        self.slot = slot
        self.provedMicroseconds = provedMicroseconds
        self.changedAt = changedAt
        self.mac = mac
    }

    package var authenticated: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        writer.appendShort(Array("slot-proof".utf8))
        writer.append(slot.bytes)
        writer.append(UInt64(bitPattern: provedMicroseconds))
        writer.append(changedAt)
        return writer.bytes
    }

    /// A row that does not hold is as good as none: the slot has to be proved again.
    package func holds(with keyring: Keyring) -> Bool {
        (try? verify(with: keyring)) != nil
    }
}
