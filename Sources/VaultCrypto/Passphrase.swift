// Passphrases: stretched with Argon2id (RFC 9106) before they are a slot's secret. KeyringFormat §3.1.

import CSodium
package import VaultFormat

/// Stretches a passphrase into ``PassphraseParameters/stretchedBytes``. It takes a large piece of memory
/// and a second: the daemon has a child do it.
package protocol PassphraseStretch {
    /// - Parameters:
    ///   - salt: of ``PassphraseParameters/saltBytes``.
    ///   - out: room for ``PassphraseParameters/stretchedBytes``.
    /// - Throws: ``CryptoError/stretchFailed``.
    func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError)
}

/// Version 1.3 with one lane, in this process.
package struct Argon2id: PassphraseStretch {
    package init() {}

    /// - Throws: ``CryptoError/stretchFailed`` also where the memory cannot be had.
    package func stretch(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], _ parameters: PassphraseParameters,
        into out: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard sodium_init() >= 0 else { throw .libraryUnavailable }
        guard salt.count == PassphraseParameters.saltBytes,
            out.count == PassphraseParameters.stretchedBytes, passphrase.count > 0
        else { throw .stretchFailed }
        let status = unsafe crypto_pwhash_argon2id(
            out.octets, UInt64(out.count),
            UnsafeRawPointer(passphrase.octets).assumingMemoryBound(to: CChar.self),
            UInt64(passphrase.count), salt, UInt64(parameters.passes),
            Int(parameters.memoryKibibytes) << 10, crypto_pwhash_argon2id_ALG_ARGON2ID13)
        guard status == 0 else { throw .stretchFailed }
    }
}

extension Secret where Purpose == SlotSecret {
    /// The secret of the passphrase slot that has this salt.
    init(
        passphrase: TypedSecret, slotSalt: [UInt8], _ parameters: PassphraseParameters,
        _ stretch: any PassphraseStretch
    ) throws(CryptoError) {
        guard !passphrase.isEmpty else { throw .wrongKey }
        let salt = Array(slotSalt.prefix(PassphraseParameters.saltBytes))
        let given = try passphrase.inTransit()
        let answer = try TransitBytes(count: Self.byteCount)
        try unsafe given.withBytes { (bytes) throws(CryptoError) in
            try unsafe answer.withMutableBytes { (out) throws(CryptoError) in
                try unsafe stretch.stretch(bytes, salt: salt, parameters, into: out)
            }
        }
        try self.init(answer)
    }
}
