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

    /// - Parameter text: of a note.
    /// - Throws: ``FormatError`` for what is no checkpoint, and for one with further lines, which C2SP would allow.
    package init(parsing text: String) throws(FormatError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, !lines[0].isEmpty, lines.last == "",
            lines[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .invalidText(field: "checkpoint") }
        origin = String(lines[0])
        size = try StatedLines.number(lines[1], "size")
        root = try Digest256(bytes: Base64.decode(lines[2]))
    }

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

    /// - Parameter text: of the note that both signed.
    /// - Throws: ``FormatError`` for what is no succession.
    package init(parsing text: String) throws(FormatError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let ending = "/log-key"
        guard lines.count == 5, lines[4].isEmpty, lines[0].hasSuffix(ending) else {
            throw .wrongMagic
        }
        let number = try StatedLines.number(lines[1], "number")
        guard let small = UInt32(exactly: number) else { throw .outOfRange(field: "number") }
        self.init(
            origin: String(lines[0].dropLast(ending.count)), number: small, old: String(lines[2]),
            new: String(lines[3]))
    }
}

/// The log's public key in the `vkey` spelling of C2SP `signed-note`.
package enum VerifierKey {
    /// The algorithm byte of Ed25519.
    package static let ed25519: UInt8 = 1
    /// The algorithm byte of Ed25519 under a witness's cosignature.
    package static let cosignature: UInt8 = 4

    /// What the four-byte key id is the SHA-256 prefix of.
    package static func keyIDInput(
        origin: String, publicKey: [UInt8], algorithm: UInt8 = ed25519
    ) -> [UInt8] {
        Array(origin.utf8) + [0x0A, algorithm] + publicKey
    }

    package static func text(origin: String, keyID: [UInt8], publicKey: [UInt8]) -> String {
        "\(origin)+\(Hex.encode(keyID))+\(Base64.encode([ed25519] + publicKey))"
    }
}
