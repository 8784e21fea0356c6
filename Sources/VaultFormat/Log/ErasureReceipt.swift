/// What the vault signs of an erasure: what went, how far that is, what it waits for, and what stays for good.
/// LogFormat §8.
package struct ErasureReceipt: Hashable, Sendable {
    /// Somebody's word that a copy of a keyring is destroyed.
    package struct Attestation: Hashable, Sendable {
        package let escrow: EscrowID
        package let uid: UInt32
        /// As an event's time.
        package let at: String

        package init(escrow: EscrowID, uid: UInt32, at: String) {
            self.escrow = escrow
            self.uid = uid
            self.at = at
        }
    }

    package let vault: VaultID
    package let receipt: ReceiptID
    package let kind: ErasureKind
    /// Nil for all.
    package let namespace: NamespaceName?
    /// Of a single one.
    package let image: ImageID?
    /// What erased, where it was background work.
    package let operation: OperationID?
    /// When it was asked for; RFC 3339, as ``Timestamp`` writes it.
    package let asked: String
    /// Claims that went, each with its words.
    package let claims: UInt64
    /// Images that went with their last claim, and their stored bytes.
    package let images: UInt64
    package let bytes: UInt64
    /// Claims that the operation did not take: held, quarantined or damaged ones, and those that it did not come
    /// to; nil while it runs. The level says nothing of them.
    package let left: UInt64?
    /// The log index of the last event that took something; nil where nothing was found to erase.
    package let event: UInt64?
    /// The epoch that was primary when the last of it went: nothing that it ever had was wrapped under a later one.
    package let epoch: EpochNumber?
    /// When this was signed.
    package let at: String
    package let waits: [ErasureWait]
    package let attestations: [Attestation]
    /// The log's size and root when it was signed: what came before is in it.
    package let logSize: UInt64
    package let logRoot: Digest256

    package init(
        vault: VaultID, receipt: ReceiptID, kind: ErasureKind, namespace: NamespaceName?,
        image: ImageID?, operation: OperationID?, asked: String, claims: UInt64, images: UInt64,
        bytes: UInt64, left: UInt64?, event: UInt64?, epoch: EpochNumber?, at: String,
        waits: [ErasureWait], attestations: [Attestation], logSize: UInt64, logRoot: Digest256
    ) {
        self.vault = vault
        self.receipt = receipt
        self.kind = kind
        self.namespace = namespace
        self.image = image
        self.operation = operation
        self.asked = asked
        self.claims = claims
        self.images = images
        self.bytes = bytes
        self.left = left
        self.event = event
        self.epoch = epoch
        self.at = at
        self.waits = waits
        self.attestations = attestations
        self.logSize = logSize
        self.logRoot = logRoot
    }

    package var level: ErasureLevel { ErasureLevel(waitingFor: waits) }

    /// The first line: no other text that the log's key signs begins with it.
    package static let heading = "imagevault-receipt/1"
    /// What no erasure takes away.
    package static let remains = ["image-id", "sizes", "times", "events", "exports"]
    /// What no receipt can speak of.
    package static let excludes = ["unregistered-copies", "old-disk-blocks", "earlier-readers"]

    /// The text that is signed: one line a field, each ended.
    package var text: String {
        let lines =
            [
                Self.heading, "vault \(vault.hex)", "receipt \(receipt.hex)",
                "erased \(kind.name)", "namespace \(namespace?.description ?? Self.nothing)",
                "image \(image?.hex ?? Self.nothing)",
                "operation \(operation?.hex ?? Self.nothing)", "asked \(asked)",
                "claims \(claims)", "images \(images)", "bytes \(bytes)",
                "left \(left.map { String($0) } ?? Self.nothing)",
                "event \(event.map { String($0) } ?? Self.nothing)",
                "epoch \(epoch?.description ?? Self.nothing)", "at \(at)",
                "level \(level.rawValue)",
            ] + waits.map(Self.line)
            + attestations.map { "attested \($0.escrow.hex) \($0.uid) \($0.at)" }
            + [
                "remains \(Self.remains.joined(separator: ","))",
                "excludes \(Self.excludes.joined(separator: ","))",
                "log \(logSize) \(Base64.encode(logRoot.bytes))",
            ]
        return lines.map { $0 + "\n" }.joined()
    }

    private static let nothing = "-"

    private static func line(_ wait: ErasureWait) -> String {
        switch wait {
        case .operation, .purge: "waits \(wait.name)"
        case .epoch(let epoch): "waits \(wait.name) \(epoch)"
        case .backup(let backup, let expires):
            "waits \(wait.name) \(backup.hex) \(expires ?? nothing)"
        case .escrow(let escrow): "waits \(wait.name) \(escrow.hex)"
        }
    }
}

extension ErasureReceipt {
    /// - Throws: ``FormatError`` unless the text is the one spelling of a receipt.
    package init(parsing text: String) throws(FormatError) {
        var lines = try StatedLines(text, heading: Self.heading)
        vault = try VaultID(hex: lines.value("vault"))
        receipt = try ReceiptID(hex: lines.value("receipt"))
        guard let kind = ErasureKind(name: try lines.value("erased")) else {
            throw .unknownValue(field: "erased")
        }
        self.kind = kind
        let namespace = try lines.value("namespace")
        let image = try lines.value("image")
        let operation = try lines.value("operation")
        self.namespace =
            namespace == Self.nothing ? nil : try NamespaceName(String(namespace))
        self.image = image == Self.nothing ? nil : try ImageID(hex: image)
        self.operation = operation == Self.nothing ? nil : try OperationID(hex: operation)
        asked = try lines.time("asked")
        claims = try lines.number("claims")
        images = try lines.number("images")
        bytes = try lines.number("bytes")
        let left = try lines.value("left")
        self.left = left == Self.nothing ? nil : try StatedLines.number(left, "left")
        let event = try lines.value("event")
        let epoch = try lines.value("epoch")
        self.event = event == Self.nothing ? nil : try StatedLines.number(event, "event")
        self.epoch = epoch == Self.nothing ? nil : try StatedLines.epoch(epoch, "epoch")
        at = try lines.time("at")
        let level = try lines.number("level")
        waits = try Self.waits(&lines)
        attestations = try Self.attestations(&lines)
        // What always holds is said in the same words each time.
        guard try lines.value("remains") == Self.remains.joined(separator: ","),
            try lines.value("excludes") == Self.excludes.joined(separator: ",")
        else { throw .unknownValue(field: "remains") }
        (logSize, logRoot) = try lines.log()
        try lines.finish()
        guard level == ErasureLevel(waitingFor: waits).rawValue else {
            throw .notCanonical(field: "level")
        }
        guard waits.contains(.operation) == (self.left == nil) else {
            throw .notCanonical(field: "left")
        }
    }

    private static func waits(_ lines: inout StatedLines) throws(FormatError) -> [ErasureWait] {
        var waits: [ErasureWait] = []
        while let line = lines.value(ifNext: "waits") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            switch (words.first, words.count) {
            case ("operation", 1): waits.append(.operation)
            case ("purge", 1): waits.append(.purge)
            case ("epoch", 2): waits.append(.epoch(try StatedLines.epoch(words[1], "waits")))
            case ("backup", 3):
                waits.append(
                    .backup(
                        try BackupID(hex: words[1]),
                        expires: words[2] == nothing[...]
                            ? nil : try StatedLines.time(words[2], "waits")))
            case ("escrow", 2): waits.append(.escrow(try EscrowID(hex: words[1])))
            default: throw .unknownValue(field: "waits")
            }
        }
        return waits
    }

    private static func attestations(
        _ lines: inout StatedLines
    ) throws(FormatError) -> [Attestation] {
        var attestations: [Attestation] = []
        while let line = lines.value(ifNext: "attested") {
            let words = try StatedLines.words(line, 3, "attested")
            guard let uid = UInt32(exactly: try StatedLines.number(words[1], "attested")) else {
                throw .outOfRange(field: "attested")
            }
            attestations.append(
                Attestation(
                    escrow: try EscrowID(hex: words[0]), uid: uid,
                    at: try StatedLines.time(words[2], "attested")))
        }
        return attestations
    }
}
