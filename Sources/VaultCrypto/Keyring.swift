// The vault's own keys, opened: wrapping, naming, blind look-up, row authenticators, event bodies.
// KeyringFormat §4 says which entry is for what.

import CSodium
import Crypto
package import VaultFormat

package final class Keyring: Sendable {
    package let keys: OpenKeyFile
    package let primaryEpoch: EpochNumber
    private let primaryIndex: Int
    private let rowMACIndex: Int
    private let blindIndex: Int
    private let eventIndex: Int
    let tokenIndex: Int
    let casesIndex: Int

    /// - Throws: ``CryptoError/unknownKey`` unless every key is there once and one epoch is primary.
    package init(_ keys: OpenKeyFile) throws(CryptoError) {
        self.keys = keys
        let entries = keys.file.entries
        let primaries = entries.indices.filter {
            entries[$0].purpose == .epoch && entries[$0].state == EpochState.primary.rawValue
        }
        guard keys.file.kind == .keyring, primaries.count == 1, let primary = primaries.first,
            let epoch = try? EpochNumber(entries[primary].number)
        else { throw .unknownKey }
        primaryIndex = primary
        primaryEpoch = epoch
        func only(_ purpose: KeyEntry.Purpose) throws(CryptoError) -> Int {
            guard let index = entries.firstIndex(where: { $0.purpose == purpose }) else {
                throw .unknownKey
            }
            return index
        }
        rowMACIndex = try only(.rowMAC)
        blindIndex = try only(.index)
        eventIndex = try only(.eventBody)
        tokenIndex = try only(.token)
        casesIndex = try only(.cases)
    }

    /// The entries of a new vault's keyring: one epoch, one namespace.
    package static func initialEntries(createdMicroseconds at: Int64) -> [KeyEntry] {
        let single: [KeyEntry.Purpose] = [.index, .rowMAC, .token, .eventBody, .cases]
        return single.map { KeyEntry(purpose: $0, createdMicroseconds: at) } + [
            KeyEntry(
                purpose: .epoch, number: EpochNumber.first.value,
                state: EpochState.primary.rawValue,
                createdMicroseconds: at),
            KeyEntry(
                purpose: .naming, createdMicroseconds: at,
                name: NamespaceName.standard.description),
        ]
    }

    package var vault: VaultID { keys.file.vault }
    package var generation: UInt64 { keys.file.generation }

    /// Whether the vault was sealed since this was opened. Then nothing opens or is sealed with it, and
    /// authenticators and blind indexes are of zero bytes: who relies on some looks here afterwards.
    package var isErased: Bool { keys.isErased }

    // MARK: Wrapping

    /// Wraps a data key under the primary epoch: nonce, ciphertext, tag.
    package func wrap(
        _ key: borrowing Secret<DataKey>, context: WrapContext
    ) throws(CryptoError) -> [UInt8] {
        guard context.epoch == primaryEpoch else { throw .unknownKey }
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let sealed = try unsafe keys.withKey(at: primaryIndex) { (kek) throws(CryptoError) in
            try unsafe key.withBytes { (bytes) throws(CryptoError) in
                unsafe Sodium.seal(
                    bytes, associatedData: context.associatedData, nonce: nonce, key: kek)
            }
        }
        return nonce + sealed
    }

    /// - Throws: ``CryptoError/unknownKey`` when the epoch is not in this keyring, else
    ///   ``CryptoError/refused``.
    package func unwrap(
        _ wrapped: [UInt8], context: WrapContext
    ) throws(CryptoError) -> Secret<DataKey> {
        guard wrapped.count == WrapContext.wrappedBytes else { throw .refused }
        guard let index = readableIndex(of: context.epoch) else { throw .unknownKey }
        return try unsafe Secret<DataKey> { (out) throws(CryptoError) in
            try unsafe keys.withKey(at: index) { (kek) throws(CryptoError) in
                try unsafe wrapped.withRawBytes { (bytes) throws(CryptoError) in
                    try unsafe Sodium.open(
                        UnsafeRawBufferPointer(rebasing: bytes[Sodium.nonceBytes...]),
                        associatedData: context.associatedData,
                        nonce: Array(wrapped[..<Sodium.nonceBytes]), key: kek, into: out)
                }
            }
        }
    }

    /// The entry of an epoch that has a key.
    func readableIndex(of epoch: EpochNumber) -> Int? {
        keys.file.entries.firstIndex {
            $0.purpose == .epoch && $0.number == epoch.value && !$0.isDestroyed
        }
    }

    func withPrimaryKey<R>(
        _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> R
    ) throws(CryptoError) -> R {
        try unsafe keys.withKey(at: primaryIndex, body)
    }

    // MARK: Naming and look-up

    /// The address of stored bytes with this digest in a namespace: HMAC-SHA-256 (RFC 2104) under
    /// its naming key of a domain and the digest. ObjectFormat §7; Decision 0003.
    package func imageID(
        of stored: Digest256, in namespace: NamespaceName
    ) throws(CryptoError) -> ImageID {
        let name = namespace.description
        let id = try unsafe keys.withKey(where: { $0.purpose == .naming && $0.name == name }) {
            (key) throws(CryptoError) in
            var mac = unsafe HMAC<SHA256>(key: SymmetricKey(data: key))
            mac.update(data: Array("ivault-image-v1".utf8))
            mac.update(data: stored.bytes)
            return ImageID(checked: Array(mac.finalize()))
        }
        guard let id else { throw .unknownKey }
        return id
    }

    package enum BlindSubject: UInt8, Sendable {
        case owner = 1
        case job = 2
        case actor = 3
        case client = 4
        case agent = 5
        /// One principal's name for one request.
        case requestKey = 6
        case principal = 7
        /// A user, in whatever namespace and at whichever door.
        case user = 8

        package init(_ kind: Pseudonym.Kind) {
            switch kind {
            case .actor: self = .actor
            case .client: self = .client
            case .agent: self = .agent
            }
        }
    }

    /// What stands in the catalog for an owner or a job, so that equal ones can be found.
    package func blindIndex(
        _ subject: BlindSubject, _ text: String, in namespace: NamespaceName
    ) -> BlindIndex {
        var message = ByteWriter()
        message.append(subject.rawValue)
        message.appendShort(namespace.bytes)
        message.appendShort(Array(text.utf8))
        return BlindIndex(checked: mac(at: blindIndex, "ivault-index-v1-", message.bytes))
    }

    /// What finds the events of a user.
    package func lookup(uid: UInt32) -> BlindIndex {
        blindIndex(.user, String(uid), in: .standard)
    }

    /// The authenticator of a row that decides something.
    ///
    /// - Parameter row: table, row id, content and the log index of its last change, laid out by
    ///   the caller without ambiguity.
    package func rowMAC(_ row: [UInt8]) -> RowMAC {
        RowMAC(checked: mac(at: rowMACIndex, "ivault-row-v1---", row))
    }

    package func verify(_ mac: RowMAC, of row: [UInt8]) -> Bool {
        Sodium.equal(mac.bytes, rowMAC(row).bytes)
    }

    func mac(
        at index: Int, _ personal: StaticString, _ message: [UInt8], bytes: Int = 16
    ) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: bytes)
        unsafe keys.withKeyOrZeros(at: index) { key in
            unsafe out.withMutableRawBytes {
                unsafe Sodium.blake2b(
                    key: key, personal: Array(personal.description.utf8), message: message, into: $0
                )
            }
        }
        return out
    }

    // MARK: Small bodies

    /// Seals an event's salt and body under the event-body key: nonce, ciphertext, tag.
    package func sealEvent(_ saltAndBody: [UInt8], index: UInt64) throws(CryptoError) -> [UInt8] {
        try sealLogText(saltAndBody, Self.eventContext(index))
    }

    /// - Throws: ``CryptoError/refused``.
    package func openEvent(_ sealed: [UInt8], index: UInt64) throws(CryptoError) -> [UInt8] {
        try openLogText(sealed, Self.eventContext(index))
    }

    /// Seals what a pseudonym stands for. LogFormat §6.
    package func sealName(
        _ text: String, _ kind: Pseudonym.Kind, _ pseudonym: Pseudonym
    ) throws(CryptoError) -> [UInt8] {
        try sealLogText(Array(text.utf8), Self.nameContext(kind, pseudonym))
    }

    /// - Throws: ``CryptoError/refused``.
    package func openName(
        _ sealed: [UInt8], _ kind: Pseudonym.Kind, _ pseudonym: Pseudonym
    ) throws(CryptoError) -> String {
        String(decoding: try openLogText(sealed, Self.nameContext(kind, pseudonym)), as: UTF8.self)
    }

    /// Seals an answer that is kept for a request that comes again. ObjectFormat §9.
    package func sealAnswer(
        _ digestAndAnswer: [UInt8], _ lookup: BlindIndex, index: UInt64, createdMicroseconds: Int64
    ) throws(CryptoError) -> [UInt8] {
        try sealLogText(digestAndAnswer, Self.answerContext(lookup, index, createdMicroseconds))
    }

    /// - Throws: ``CryptoError/refused``.
    package func openAnswer(
        _ sealed: [UInt8], _ lookup: BlindIndex, index: UInt64, createdMicroseconds: Int64
    ) throws(CryptoError) -> [UInt8] {
        try openLogText(sealed, Self.answerContext(lookup, index, createdMicroseconds))
    }

    private static func answerContext(
        _ lookup: BlindIndex, _ index: UInt64, _ createdMicroseconds: Int64
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Array("ivault-answer".utf8))
        writer.append(lookup.bytes)
        writer.append(index)
        writer.append(UInt64(bitPattern: createdMicroseconds))
        return writer.bytes
    }

    private func sealLogText(_ text: [UInt8], _ context: [UInt8]) throws(CryptoError) -> [UInt8] {
        let nonce = try Random.bytes(Sodium.nonceBytes)
        let sealed = try unsafe keys.withKey(at: eventIndex) { (key) throws(CryptoError) in
            unsafe text.withRawBytes { bytes in
                unsafe Sodium.seal(bytes, associatedData: context, nonce: nonce, key: key)
            }
        }
        return nonce + sealed
    }

    private func openLogText(_ sealed: [UInt8], _ context: [UInt8]) throws(CryptoError) -> [UInt8] {
        try unsafe keys.withKey(at: eventIndex) { (key) throws(CryptoError) in
            try unsafe SmallBox.open(sealed, associatedData: context, key: key)
        }
    }

    private static func nameContext(_ kind: Pseudonym.Kind, _ pseudonym: Pseudonym) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Array("ivault-pseudonym".utf8))
        writer.append(kind.rawValue)
        writer.append(pseudonym.bytes)
        return writer.bytes
    }

    private static func eventContext(_ index: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Array("ivault-event".utf8))
        writer.append(index)
        return writer.bytes
    }
}
