/// What a snapshot of the vault is, signed with the log's key: a catalog, the blobs that it names, and the keyring
/// that opens them. BackupFormat §2.
package struct BackupManifest: Hashable, Sendable {
    package let vault: VaultID
    package let backup: BackupID
    /// RFC 3339, as ``Timestamp`` writes it: when the catalog was copied.
    package let at: String
    /// Of the keyring's file that was in use when the copy was made.
    package let generation: UInt64
    /// SHA-256 of that file.
    package let keyring: Digest256
    /// Under which keys are wrapped, rising.
    package let epochs: [EpochNumber]
    package let catalogBytes: UInt64
    package let catalog: Digest256
    package let blobCount: UInt64
    package let blobBytes: UInt64
    /// SHA-256 of the list of blobs.
    package let blobList: Digest256
    package let logSize: UInt64
    package let logRoot: Digest256

    package init(
        vault: VaultID, backup: BackupID, at: String, generation: UInt64, keyring: Digest256,
        epochs: [EpochNumber], catalogBytes: UInt64, catalog: Digest256, blobCount: UInt64,
        blobBytes: UInt64, blobList: Digest256, logSize: UInt64, logRoot: Digest256
    ) {
        self.vault = vault
        self.backup = backup
        self.at = at
        self.generation = generation
        self.keyring = keyring
        self.epochs = epochs
        self.catalogBytes = catalogBytes
        self.catalog = catalog
        self.blobCount = blobCount
        self.blobBytes = blobBytes
        self.blobList = blobList
        self.logSize = logSize
        self.logRoot = logRoot
    }

    /// The first line: no other text that the log's key signs begins with it.
    package static let heading = "imagevault-backup/1"

    private static let noEpochs = "-"

    /// The text that is signed: one line a field, each ended.
    package var text: String {
        let epochs = epochs.map { String($0.value) }.joined(separator: ",")
        let lines = [
            Self.heading, "vault \(vault.hex)", "backup \(backup.hex)", "at \(at)",
            "generation \(generation)", "keyring \(keyring.hex)",
            "epochs \(epochs.isEmpty ? Self.noEpochs : epochs)",
            "catalog \(catalogBytes) \(catalog.hex)",
            "blobs \(blobCount) \(blobBytes) \(blobList.hex)",
            "log \(logSize) \(Base64.encode(logRoot.bytes))",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    /// - Throws: ``FormatError`` unless the text is the one spelling of a manifest.
    package init(parsing text: String) throws(FormatError) {
        var lines = try StatedLines(text, heading: Self.heading)
        vault = try VaultID(hex: lines.value("vault"))
        backup = try BackupID(hex: lines.value("backup"))
        at = try lines.time("at")
        generation = try lines.number("generation")
        keyring = try Digest256(hex: lines.value("keyring"))
        epochs = try Self.epochs(lines.value("epochs"))
        let copied = try StatedLines.words(lines.value("catalog"), 2, "catalog")
        catalogBytes = try StatedLines.number(copied[0], "catalog")
        catalog = try Digest256(hex: copied[1])
        let listed = try StatedLines.words(lines.value("blobs"), 3, "blobs")
        blobCount = try StatedLines.number(listed[0], "blobs")
        blobBytes = try StatedLines.number(listed[1], "blobs")
        blobList = try Digest256(hex: listed[2])
        (logSize, logRoot) = try lines.log()
        try lines.finish()
    }

    private static func epochs(_ text: Substring) throws(FormatError) -> [EpochNumber] {
        guard text != Self.noEpochs else { return [] }
        var epochs: [EpochNumber] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            epochs.append(try StatedLines.epoch(word, "epochs"))
        }
        guard zip(epochs, epochs.dropFirst()).allSatisfy({ $0.value < $1.value }) else {
            throw .notCanonical(field: "epochs")
        }
        return epochs
    }
}

/// One line of a snapshot's list: a blob, and how long its file is. BackupFormat §3.
package struct ListedBlob: Hashable, Sendable {
    package let blob: BlobID
    package let bytes: UInt64

    package init(blob: BlobID, bytes: UInt64) {
        self.blob = blob
        self.bytes = bytes
    }

    /// Ended.
    package var line: String { "\(blob.hex) \(bytes)\n" }

    /// - Parameter line: without its end.
    /// - Throws: ``FormatError`` unless it is the one spelling of a line.
    package init(parsing line: Substring) throws(FormatError) {
        let words = try StatedLines.words(line, 2, "blobs")
        blob = try BlobID(hex: words[0])
        bytes = try StatedLines.number(words[1], "blobs")
    }

    /// The blobs of a whole list.
    ///
    /// - Throws: ``FormatError`` for a line that is none, or one that does not come behind the one before.
    package static func all(in text: String) throws(FormatError) -> [ListedBlob] {
        guard text.isEmpty || text.hasSuffix("\n") else { throw .truncated }
        var blobs: [ListedBlob] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let one = try ListedBlob(parsing: line)
            if let last = blobs.last, !last.blob.bytes.lexicographicallyPrecedes(one.blob.bytes) {
                throw .notCanonical(field: "blobs")
            }
            blobs.append(one)
        }
        return blobs
    }
}
