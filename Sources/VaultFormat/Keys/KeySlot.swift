/// One independent way to the root key. KeyringFormat §3.
package struct KeySlot: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        case keyFile = 1
        case passphrase = 2
        case recoveryRecipient = 3
        case shares = 4
        case pkcs11 = 5
        case tpm2 = 6

        package var name: String {
            switch self {
            case .keyFile: "key-file"
            case .passphrase: "passphrase"
            case .recoveryRecipient: "recovery-recipient"
            case .shares: "shares"
            case .pkcs11: "pkcs11"
            case .tpm2: "tpm2"
            }
        }
    }

    package let id: SlotID
    package let kind: Kind
    package let createdMicroseconds: Int64
    /// A ``SlotLabel``.
    package let label: String
    /// The X25519 key that the root key is sealed to; anyone who has it can seal a new root.
    package let recipient: [UInt8]
    /// The root key in an X25519 sealed box to ``recipient``.
    package let sealedRoot: [UInt8]
    /// The kind's own bytes: how the private half of ``recipient`` is protected.
    package let body: [UInt8]

    package static let recipientBytes = 32
    package static let sealedRootBytes = 80

    package init(
        id: SlotID, kind: Kind, createdMicroseconds: Int64, label: String, recipient: [UInt8],
        sealedRoot: [UInt8], body: [UInt8]
    ) throws(FormatError) {
        _ = try SlotLabel(label)
        guard recipient.count == Self.recipientBytes, sealedRoot.count == Self.sealedRootBytes,
            body.count <= Limits.slotBodyBytes
        else { throw .outOfRange(field: "slot") }
        self.id = id
        self.kind = kind
        self.createdMicroseconds = createdMicroseconds
        self.label = label
        self.recipient = recipient
        self.sealedRoot = sealedRoot
        self.body = body
    }

    func write(to writer: inout ByteWriter) {
        writer.append(id.bytes)
        writer.append(kind.rawValue)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        writer.appendShort(Array(label.utf8))
        writer.append(recipient)
        writer.append(sealedRoot)
        writer.append(UInt16(body.count))
        writer.append(body)
    }

    init(reading reader: inout ByteReader) throws(FormatError) {
        let id = try SlotID(bytes: reader.read(SlotID.byteCount))
        guard let kind = Kind(rawValue: try reader.read()) else {
            throw .unknownValue(field: "slot kind")
        }
        let created = Int64(bitPattern: try reader.read())
        let label = String(decoding: try reader.readShort(), as: UTF8.self)
        let recipient = try reader.read(Self.recipientBytes)
        let sealedRoot = try reader.read(Self.sealedRootBytes)
        let bodyBytes = Int(try reader.read(UInt16.self))
        try self.init(
            id: id, kind: kind, createdMicroseconds: created, label: label, recipient: recipient,
            sealedRoot: sealedRoot, body: reader.read(bodyBytes))
    }
}
