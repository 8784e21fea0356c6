/// How many of how many shares give a slot's secret, and of which set they are. KeyringFormat §3.5.
package struct ShareSet: Hashable, Sendable {
    /// Random: tells the shares of one slot from those of another.
    package let id: [UInt8]
    /// Shares that are enough.
    package let needed: UInt8
    /// Shares that there are.
    package let count: UInt8

    package static let idBytes = 8
    package static let byteCount = idBytes + 2

    /// - Throws: ``FormatError/outOfRange(field:)``.
    package init(id: [UInt8], needed: UInt8, count: UInt8) throws(FormatError) {
        guard id.count == Self.idBytes, Limits.sharesNeeded.contains(Int(needed)),
            (needed...UInt8(Limits.shares)).contains(count)
        else { throw .outOfRange(field: "shares") }
        self.id = id
        self.needed = needed
        self.count = count
    }

    /// The parameters of a slot of shares.
    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        try self.init(reading: &reader)
        try reader.finish()
    }

    init(reading reader: inout ByteReader) throws(FormatError) {
        try self.init(
            id: reader.read(Self.idBytes), needed: reader.read(), count: reader.read())
    }

    package var encoded: [UInt8] { id + [needed, count] }
}

/// What stands on a share besides its 32 secret bytes.
package struct ShareHead: Hashable, Sendable {
    package let vault: VaultID
    package let set: ShareSet
    /// Where the polynomials were evaluated: from 1, because the secret is at 0.
    package let number: UInt8

    package static let byteCount = VaultID.byteCount + ShareSet.byteCount + 1

    /// - Throws: ``FormatError/outOfRange(field:)``.
    package init(vault: VaultID, set: ShareSet, number: UInt8) throws(FormatError) {
        guard (1...set.count).contains(number) else { throw .outOfRange(field: "share number") }
        self.vault = vault
        self.set = set
        self.number = number
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let vault = try VaultID(bytes: reader.read(VaultID.byteCount))
        let set = try ShareSet(reading: &reader)
        try self.init(vault: vault, set: set, number: reader.read())
        try reader.finish()
    }

    package var encoded: [UInt8] { vault.bytes + set.encoded + [number] }
}
