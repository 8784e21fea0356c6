/// How a passphrase is stretched: Argon2id's passes and memory, with one lane. KeyringFormat §3.1.
package struct PassphraseParameters: Hashable, Sendable {
    package let passes: UInt32
    package let memoryKibibytes: UInt32

    /// Bytes of the salt that Argon2id takes: the first of the slot's.
    package static let saltBytes = 16
    package static let stretchedBytes = 32
    package static let byteCount = 8

    /// libsodium's MODERATE for Argon2id: three passes over 256 MiB.
    package static let moderate = PassphraseParameters(
        unchecked: 3, memoryKibibytes: 256 << 10)

    private init(unchecked passes: UInt32, memoryKibibytes: UInt32) {
        self.passes = passes
        self.memoryKibibytes = memoryKibibytes
    }

    /// - Throws: ``FormatError/outOfRange(field:)`` for more, or less, than ``Limits`` allow: a file
    ///   must not choose how long the vault works for it.
    package init(passes: UInt32, memoryKibibytes: UInt32) throws(FormatError) {
        guard Limits.stretchPasses.contains(passes),
            Limits.stretchKibibytes.contains(memoryKibibytes)
        else { throw .outOfRange(field: "passphrase parameters") }
        self.init(unchecked: passes, memoryKibibytes: memoryKibibytes)
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        try self.init(passes: reader.read(), memoryKibibytes: reader.read())
        try reader.finish()
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: Self.byteCount)
        writer.append(passes)
        writer.append(memoryKibibytes)
        return writer.bytes
    }
}
