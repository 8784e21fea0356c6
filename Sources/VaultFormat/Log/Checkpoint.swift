/// A signed statement of the log's size and root, as a C2SP `tlog-checkpoint` in a C2SP
/// `signed-note`. LogFormat §5.
package struct Checkpoint: Hashable, Sendable {
    package let origin: String
    package let size: UInt64
    package let root: Digest256

    package init(origin: String, size: UInt64, root: Digest256) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// The origin of a vault's log, which is also the name of its key.
    package static func origin(of vault: VaultID) -> String { "imagevault/\(vault.hex)" }

    /// The text that is signed: three lines, each ended.
    package var text: String { "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" }

    /// The note: the text, an empty line, and one signature line.
    ///
    /// - Parameter signature: 64 bytes of Ed25519 over ``text``.
    package func note(keyID: [UInt8], signature: [UInt8]) -> String {
        SignedNote.text(text, name: origin, keyID: keyID, signature: signature)
    }
}

/// A statement that one key of the log takes the place of another, signed by both. LogFormat §5.1.
package struct LogKeySuccession: Hashable, Sendable {
    package let origin: String
    /// Counts the log's keys; the first is 1.
    package let number: UInt32
    /// As ``VerifierKey/text(origin:keyID:publicKey:)``.
    package let old: String
    package let new: String

    package init(origin: String, number: UInt32, old: String, new: String) {
        self.origin = origin
        self.number = number
        self.old = old
        self.new = new
    }

    /// What both sign. Its first line is no checkpoint's, so that neither can be taken for the other.
    package var text: String { "\(origin)/log-key\n\(number)\n\(old)\n\(new)\n" }

    package func note(_ signatures: [(keyID: [UInt8], signature: [UInt8])]) -> String {
        SignedNote.text(text, name: origin, signatures)
    }
}

/// The log's public key in the `vkey` spelling of C2SP `signed-note`.
package enum VerifierKey {
    /// The algorithm byte of Ed25519.
    package static let ed25519: UInt8 = 1

    /// What the four-byte key id is the SHA-256 prefix of.
    package static func keyIDInput(origin: String, publicKey: [UInt8]) -> [UInt8] {
        Array(origin.utf8) + [0x0A, ed25519] + publicKey
    }

    package static func text(origin: String, keyID: [UInt8], publicKey: [UInt8]) -> String {
        "\(origin)+\(Hex.encode(keyID))+\(Base64.encode([ed25519] + publicKey))"
    }
}
