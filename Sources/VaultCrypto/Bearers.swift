// The secrets of access tokens and fetch tickets: drawn here, and known again by a keyed hash. Bearers.md.

import CSodium
package import VaultFormat

extension BearerText {
    /// A new secret.
    ///
    /// - Throws: ``CryptoError/libraryUnavailable``.
    package static func random(_ kind: Kind) throws(CryptoError) -> BearerText {
        guard sodium_init() >= 0 else { throw .libraryUnavailable }
        let letters = (0..<Self.letters).map { _ in
            alphabet[Int(randombytes_uniform(UInt32(alphabet.count)))]
        }
        return BearerText(kind, secret: letters)
    }
}

extension Keyring {
    /// What stands in the catalog for a bearer's secret. Of zero bytes once the vault is sealed, as
    /// ``isErased`` tells.
    package func digest(_ bearer: BearerText) -> BearerDigest {
        BearerDigest(
            checked: mac(
                at: tokenIndex, "ivault-token-v1-", bearer.bytes, bytes: BearerDigest.byteCount))
    }
}
