// What the vault says of a copy of its keyring, and of a drill.

import VaultFormat

/// `POST /v1/escrows/copies`: the sealed key files as they lie in the vault.
package struct EscrowCopyAnswer: Codable, Hashable, Sendable {
    package var escrow: EscrowAnswer
    /// Base64 of each file.
    package var keyring: String
    package var logKey: String

    package init(escrow: EscrowAnswer, keyring: [UInt8], logKey: [UInt8]) {
        self.escrow = escrow
        self.keyring = Base64.encode(keyring)
        self.logKey = Base64.encode(logKey)
    }

    private enum CodingKeys: String, CodingKey {
        case escrow, keyring
        case logKey = "log_key"
    }
}

/// `POST /v1/drills`.
package struct DrillAnswer: Codable, Hashable, Sendable {
    /// Until when the doctor is content with it; null for one that failed.
    @Nullable package var believedUntil: UTCTime?

    package init(believedUntilMicroseconds: Int64?) {
        believedUntil = believedUntilMicroseconds.map { UTCTime(microseconds: $0) }
    }

    private enum CodingKeys: String, CodingKey {
        case believedUntil = "believed_until"
    }
}
