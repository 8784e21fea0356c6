/// How a software slot keeps the private half of its recipient key: sealed under a key derived from
/// the slot's secret, with a commitment to that key. KeyringFormat §3.1.
package struct SoftwareSlotBody: Hashable, Sendable {
    /// The kind's derivation parameters (Argon2id: opslimit u32, memlimit in KiB u32); empty where none.
    package let parameters: [UInt8]
    package let salt: [UInt8]
    package let commitment: [UInt8]
    package let nonce: [UInt8]
    /// The X25519 private key and its tag.
    package let sealedPrivateKey: [UInt8]

    package init(
        parameters: [UInt8], salt: [UInt8], commitment: [UInt8], nonce: [UInt8],
        sealedPrivateKey: [UInt8]
    ) throws(FormatError) {
        guard parameters.count <= 255, salt.count == 32, commitment.count == 32, nonce.count == 24,
            sealedPrivateKey.count == 48
        else { throw .outOfRange(field: "slot body") }
        self.parameters = parameters
        self.salt = salt
        self.commitment = commitment
        self.nonce = nonce
        self.sealedPrivateKey = sealedPrivateKey
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        try self.init(
            parameters: reader.readShort(), salt: reader.read(32), commitment: reader.read(32),
            nonce: reader.read(24), sealedPrivateKey: reader.read(48))
        try reader.finish()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 256)
        writer.appendShort(parameters)
        writer.append(salt)
        writer.append(commitment)
        writer.append(nonce)
        writer.append(sealedPrivateKey)
        return writer.bytes
    }
}
