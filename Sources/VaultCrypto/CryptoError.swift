/// Why a key could not do what was asked. A failed decryption is one case without detail: an attacker
/// learns nothing about which byte was wrong.
package enum CryptoError: Error, Hashable, Sendable {
    /// The bytes do not open under this key and context.
    case refused
    /// The key is not the one that the bytes were committed to.
    case wrongKey
    /// The memory for keys could not be locked; raise RLIMIT_MEMLOCK (`LimitMEMLOCK=` in a unit).
    case memoryNotLocked
    /// The locked memory for keys is used up.
    case keyMemoryExhausted
    /// libsodium did not start.
    case libraryUnavailable
    /// A key file's text is not one: mistyped or cut short.
    case malformedKeyFile
    /// A share, a recipient, a recovery key or an answer is mistyped, cut short, or out of place.
    case malformedText
    /// A passphrase could not be stretched: there was no memory for it, or its child ended.
    case stretchFailed
    /// The vault was sealed, and this key is zero bytes by now.
    case sealed
    /// There is no key of that purpose, epoch or namespace.
    case unknownKey

    package var code: String {
        switch self {
        case .refused: "refused"
        case .wrongKey: "wrong-key"
        case .memoryNotLocked: "memory-not-locked"
        case .keyMemoryExhausted: "key-memory-exhausted"
        case .libraryUnavailable: "library-unavailable"
        case .malformedKeyFile: "malformed-key-file"
        case .malformedText: "malformed-text"
        case .stretchFailed: "stretch-failed"
        case .sealed: "sealed"
        case .unknownKey: "unknown-key"
        }
    }
}
