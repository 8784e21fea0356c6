/// What the vault signs at the end of a rotation: which epoch every key is wrapped under now, which
/// epochs no key needs any more, and that every wrap was opened. LogFormat §7.
package struct RotationStatement: Hashable, Sendable {
    package let vault: VaultID
    package let operation: OperationID
    /// What was done: a rotation, or a re-encryption of all that is stored.
    package let work: OperationKind
    /// RFC 3339, as ``Timestamp`` writes it.
    package let at: String
    /// Of the keyring in use.
    package let generation: UInt64
    /// The primary epoch.
    package let epoch: EpochNumber
    /// Epochs that still have a key, and under which none is wrapped.
    package let emptied: [EpochNumber]
    /// Keys wrapped under ``epoch``.
    package let keys: UInt64
    /// Wraps that were opened, each once, after all were made.
    package let opened: UInt64
    /// The log's size and root when it was signed: what came before is in it.
    package let logSize: UInt64
    package let logRoot: Digest256

    package init(
        vault: VaultID, operation: OperationID, work: OperationKind, at: String, generation: UInt64,
        epoch: EpochNumber,
        emptied: [EpochNumber], keys: UInt64, opened: UInt64, logSize: UInt64, logRoot: Digest256
    ) {
        self.vault = vault
        self.operation = operation
        self.work = work
        self.at = at
        self.generation = generation
        self.epoch = epoch
        self.emptied = emptied
        self.keys = keys
        self.opened = opened
        self.logSize = logSize
        self.logRoot = logRoot
    }

    /// The first line: no other text that the log's key signs begins with it.
    package static let heading = "imagevault-rotation/1"

    /// The text that is signed: one line a field, each ended.
    package var text: String {
        let emptied = emptied.map(\.description).joined(separator: ",")
        let lines = [
            Self.heading, "vault \(vault.hex)", "operation \(operation.hex)",
            "work \(work.name)", "at \(at)",
            "generation \(generation)", "epoch \(epoch)",
            "emptied \(emptied.isEmpty ? "none" : emptied)", "keys \(keys)", "opened \(opened)",
            "log \(logSize) \(Base64.encode(logRoot.bytes))",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    /// - Throws: ``FormatError`` unless the text is the one spelling of a statement.
    package init(parsing text: String) throws(FormatError) {
        var lines = try StatedLines(text, heading: Self.heading)
        vault = try VaultID(hex: lines.value("vault"))
        operation = try OperationID(hex: lines.value("operation"))
        guard let work = OperationKind(name: String(try lines.value("work"))), work.walksKeys else {
            throw .unknownValue(field: "work")
        }
        self.work = work
        at = try lines.time("at")
        generation = try lines.number("generation")
        epoch = try lines.epoch("epoch")
        let list = try lines.value("emptied")
        var emptied: [EpochNumber] = []
        if list != "none" {
            for word in list.split(separator: ",", omittingEmptySubsequences: false) {
                emptied.append(try StatedLines.epoch(word, "emptied"))
            }
        }
        self.emptied = emptied
        keys = try lines.number("keys")
        opened = try lines.number("opened")
        (logSize, logRoot) = try lines.log()
        try lines.finish()
        guard zip(emptied, emptied.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .notCanonical(field: "emptied")
        }
    }
}
