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
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        func field(_ name: String) throws(FormatError) -> Substring {
            guard let line = lines.popFirst(), line.hasPrefix(name + " ") else {
                throw .invalidText(field: name)
            }
            return line.dropFirst(name.count + 1)
        }
        guard lines.popFirst() == Self.heading[...] else { throw .wrongMagic }
        vault = try VaultID(hex: field("vault"))
        operation = try OperationID(hex: field("operation"))
        guard let work = OperationKind(name: String(try field("work"))), work.walksKeys else {
            throw .unknownValue(field: "work")
        }
        self.work = work
        at = String(try field("at"))
        guard Timestamp.isText(at) else { throw .invalidText(field: "at") }
        generation = try Self.number(field("generation"), "generation")
        epoch = try Self.epoch(field("epoch"), "epoch")
        var emptied: [EpochNumber] = []
        let list = try field("emptied")
        if list != "none" {
            for word in list.split(separator: ",", omittingEmptySubsequences: false) {
                emptied.append(try Self.epoch(word, "emptied"))
            }
        }
        self.emptied = emptied
        keys = try Self.number(field("keys"), "keys")
        opened = try Self.number(field("opened"), "opened")
        let log = try field("log").split(separator: " ", omittingEmptySubsequences: false)
        guard log.count == 2 else { throw .invalidText(field: "log") }
        logSize = try Self.number(log[0], "log")
        logRoot = try Digest256(bytes: Base64.decode(log[1]))
        guard !lines.isEmpty else { throw .truncated }
        guard lines == [""] else { throw .trailingBytes }
        guard zip(emptied, emptied.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .notCanonical(field: "emptied")
        }
    }

    private static func number(
        _ text: Substring, _ field: String
    ) throws(FormatError) -> UInt64 {
        guard let number = UInt64(text), String(number) == text else {
            throw .invalidText(field: field)
        }
        return number
    }

    private static func epoch(
        _ text: Substring, _ field: String
    ) throws(FormatError) -> EpochNumber {
        let number = try number(text, field)
        guard let small = UInt32(exactly: number) else { throw .outOfRange(field: field) }
        return try EpochNumber(small)
    }
}
