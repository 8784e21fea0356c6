// Identifiers of fixed size. Each is its bytes; each has one spelling, lower-case hexadecimal.

/// A value that is a fixed number of bytes and nothing else.
package protocol FixedBytes: Hashable, Sendable, CustomStringConvertible {
    static var byteCount: Int { get }
    var bytes: [UInt8] { get }
    /// Keeps bytes whose number was already checked.
    init(checked bytes: [UInt8])
}

extension FixedBytes {
    /// - Throws: ``FormatError/wrongLength(expected:actual:)``.
    package init(bytes: [UInt8]) throws(FormatError) {
        guard bytes.count == Self.byteCount else {
            throw .wrongLength(expected: Self.byteCount, actual: bytes.count)
        }
        self.init(checked: bytes)
    }

    /// - Throws: ``FormatError`` unless the text is its one spelling.
    package init(hex text: some StringProtocol) throws(FormatError) {
        self.init(checked: try Hex.decode(text, count: Self.byteCount))
    }

    package var hex: String { Hex.encode(bytes) }
    package var description: String { hex }
}

/// The address of an image: HMAC-SHA-256 under the namespace's naming key, 64 hexadecimal digits.
package struct ImageID: FixedBytes {
    package static let byteCount = 32
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// The name of a sealed blob in its store: 128 random bits, never used again.
package struct BlobID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// The name of one claim on an image: 128 random bits.
package struct ReferenceID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// Which vault this is: 128 random bits, made by `vaultd init`, in every key file and checkpoint.
package struct VaultID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One way to a root key: 128 random bits.
package struct SlotID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One request as logs, answers and the caller's own records name it: 64 random bits.
package struct RequestID: FixedBytes {
    package static let byteCount = 8
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One piece of background work: 128 random bits.
package struct OperationID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One incident and its case: 128 random bits.
package struct IncidentID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One request that waits for approval: 128 random bits.
package struct ApprovalID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One registered backup: 128 random bits.
package struct BackupID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One receipt of an erasure: 128 random bits.
package struct ReceiptID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One registered copy of a keyring: 128 random bits.
package struct EscrowID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One hold: 128 random bits.
package struct HoldID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One access token, whatever its secret is now: 128 random bits.
package struct AccessTokenID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// One fetch ticket: 128 random bits.
package struct TicketID: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// What stands in the catalog for a bearer's secret: BLAKE2b-256 of its text under the token key.
package struct BearerDigest: FixedBytes {
    package static let byteCount = 32
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// A SHA-256 digest (FIPS 180-4).
package struct Digest256: FixedBytes {
    package static let byteCount = 32
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// Which policy an upload had to pass, for comparing: the start of a SHA-256. LogFormat §2.
package struct PolicyDigest: FixedBytes {
    package static let byteCount = 8
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// What a secret index key makes of a job or an owner, so that equal ones can be looked up.
package struct BlindIndex: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}

/// The authenticator of a row that decides something.
package struct RowMAC: FixedBytes {
    package static let byteCount = 16
    package let bytes: [UInt8]
    package init(checked bytes: [UInt8]) { self.bytes = bytes }
}
