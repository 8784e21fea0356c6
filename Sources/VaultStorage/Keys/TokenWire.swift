// What goes to a child that is to ask a token, and how its answer begins. The question comes from vaultd
// alone; the PIN and the secret follow it, and what the token gives back follows the answer.

package import VaultFormat

package struct TokenQuestion: Hashable, Sendable {
    package enum Deed: UInt8, Sendable {
        case keep = 1
        case giveBack = 2
        case forget = 3
    }

    package var deed: Deed
    package var kind: KeySlot.Kind
    package var isUnattended = false
    /// The module's path, or that of the Feature API's configuration.
    package var library: String
    package var environment: [String] = []
    package var token = ""
    /// The key's label, or the sealed object's path.
    package var key: String
    package var policy = ""
    package var associatedData: [UInt8] = []
    package var nonce: [UInt8] = []
    package var sealedSecret: [UInt8] = []
    package var pinBytes = 0

    package static let magic = Array("IVT".utf8) + [1]
    /// Magic, and the bytes that follow without PIN and secret.
    package static let headBytes = 4 + 4

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 512)
        writer.append(deed.rawValue)
        writer.append(kind.rawValue)
        writer.append(UInt8(isUnattended ? 1 : 0))
        writer.append(UInt16(clamping: pinBytes))
        for field in [library, token, key, policy].map({ Array($0.utf8) })
            + [associatedData, nonce, sealedSecret] + environment.map({ Array($0.utf8) })
        {
            writer.append(UInt16(clamping: field.count))
            writer.append(field)
        }
        let body = writer.bytes
        writer = ByteWriter(reserving: Self.headBytes + body.count)
        writer.append(Self.magic)
        writer.append(UInt32(clamping: body.count))
        writer.append(body)
        return writer.bytes
    }

    /// How many bytes follow a head.
    package static func length(ofHead head: [UInt8]) throws(FormatError) -> Int {
        var reader = ByteReader(head)
        try reader.expect(magic)
        let count = Int(try reader.read(UInt32.self))
        try reader.finish()
        guard count <= Limits.tokenQuestionBytes else { throw .outOfRange(field: "question") }
        return count
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        guard let deed = Deed(rawValue: try reader.read()),
            let kind = KeySlot.Kind(rawValue: try reader.read()), kind.isToken
        else { throw .unknownValue(field: "question") }
        let isUnattended = try reader.read(UInt8.self) == 1
        let pinBytes = Int(try reader.read(UInt16.self))
        guard pinBytes <= Limits.secretBytes else { throw .outOfRange(field: "PIN") }
        var fields: [[UInt8]] = []
        while reader.remaining > 0 {
            fields.append(try reader.read(Int(reader.read(UInt16.self))))
        }
        guard fields.count >= 7 else { throw .truncated }
        let text = { (index: Int) in String(decoding: fields[index], as: UTF8.self) }
        self.init(
            deed: deed, kind: kind, isUnattended: isUnattended, library: text(0),
            environment: fields[7...].map { String(decoding: $0, as: UTF8.self) }, token: text(1),
            key: text(2), policy: text(3), associatedData: fields[4], nonce: fields[5],
            sealedSecret: fields[6], pinBytes: pinBytes)
    }

    package init(
        deed: Deed, kind: KeySlot.Kind, isUnattended: Bool = false, library: String,
        environment: [String] = [], token: String = "", key: String, policy: String = "",
        associatedData: [UInt8] = [], nonce: [UInt8] = [], sealedSecret: [UInt8] = [],
        pinBytes: Int = 0
    ) {
        self.deed = deed
        self.kind = kind
        self.isUnattended = isUnattended
        self.library = library
        self.environment = environment
        self.token = token
        self.key = key
        self.policy = policy
        self.associatedData = associatedData
        self.nonce = nonce
        self.sealedSecret = sealedSecret
        self.pinBytes = pinBytes
    }
}

/// How an answer begins: what stopped the token, if anything did, and how many bytes follow.
package struct TokenAnswer: Hashable, Sendable {
    package let fault: TokenFault?
    package let count: Int

    package static let byteCount = 1 + 4 + 2

    package init(fault: TokenFault?, count: Int = 0) {
        self.fault = fault
        self.count = count
    }

    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: Self.byteCount)
        writer.append(fault?.kind.rawValue ?? 0)
        writer.append(fault?.number ?? 0)
        writer.append(UInt16(clamping: count))
        return writer.bytes
    }

    package init(parsing bytes: [UInt8]) throws(FormatError) {
        var reader = ByteReader(bytes)
        let kind = try reader.read(UInt8.self)
        let number = try reader.read(UInt32.self)
        count = Int(try reader.read(UInt16.self))
        try reader.finish()
        if kind == 0 {
            fault = nil
        } else {
            guard let known = TokenFault.Kind(rawValue: kind) else {
                throw .unknownValue(field: "fault")
            }
            fault = TokenFault(known, number: number)
        }
    }
}
