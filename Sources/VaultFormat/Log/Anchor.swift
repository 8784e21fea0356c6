/// What the vault leaves outside of its directory, so that an older state of it that is put back is known for
/// one. LogFormat §9.
package struct Anchor: Hashable, Sendable {
    package let vault: VaultID
    /// RFC 3339, as ``Timestamp`` writes it.
    package let at: String
    /// Of the keyring's file.
    package let generation: UInt64
    /// SHA-256 of the keyring's file.
    package let keyring: Digest256
    package let logSize: UInt64
    package let logRoot: Digest256

    package init(
        vault: VaultID, at: String, generation: UInt64, keyring: Digest256, logSize: UInt64,
        logRoot: Digest256
    ) {
        self.vault = vault
        self.at = at
        self.generation = generation
        self.keyring = keyring
        self.logSize = logSize
        self.logRoot = logRoot
    }

    /// The first line: no other text that the log's key signs begins with it.
    package static let heading = "imagevault-anchor/1"

    /// The text that is signed: one line a field, each ended.
    package var text: String {
        let lines = [
            Self.heading, "vault \(vault.hex)", "at \(at)", "generation \(generation)",
            "keyring \(keyring.hex)", "log \(logSize) \(Base64.encode(logRoot.bytes))",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    /// - Throws: ``FormatError`` unless the text is the one spelling of an anchor.
    package init(parsing text: String) throws(FormatError) {
        var lines = try StatedLines(text, heading: Self.heading)
        vault = try VaultID(hex: lines.value("vault"))
        at = try lines.time("at")
        generation = try lines.number("generation")
        keyring = try Digest256(hex: lines.value("keyring"))
        (logSize, logRoot) = try lines.log()
        try lines.finish()
    }
}
