// An answer that is kept with what it tells of, in one transaction: whoever sends the request again
// under the same key gets it, and nothing is done twice.

import VaultCrypto
package import VaultFormat

/// A request that may come again.
package struct RepeatableRequest: Hashable, Sendable {
    package let key: IdempotencyKey
    /// SHA-256 of method, target and body: the same key with another request is refused.
    package let digest: Digest256

    package init(key: IdempotencyKey, digest: Digest256) {
        self.key = key
        self.digest = digest
    }
}

/// A status and a JSON body.
package struct StoredAnswer: Hashable, Sendable {
    package let status: UInt16
    package let body: [UInt8]

    package init(status: UInt16, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Whose request it is and what it is called, as the catalog finds it again.
package struct RequestPlace: Hashable, Sendable {
    let lookup: BlindIndex
    let principal: BlindIndex
    let digest: Digest256

    /// A principal is a user at a door, or a token there: no user's number is as long as a token's.
    init(_ request: RepeatableRequest, _ call: Call, _ keyring: Keyring) {
        let door = call.caller.door.name
        let principal = call.bearer?.token.map { "\(door)/\($0)" } ?? "\(door)/\(call.caller.uid)"
        lookup = keyring.blindIndex(
            .requestKey, "\(principal)/\(request.key)", in: call.namespace)
        self.principal = keyring.blindIndex(.principal, principal, in: call.namespace)
        digest = request.digest
    }

    /// Whether one more answer may be kept for this principal; those that are too old to be given count no
    /// more, whether they are removed yet or not.
    func hasRoom(
        in catalog: any CatalogReader, at microseconds: Int64
    ) throws(StorageError) -> Bool {
        try catalog.keptAnswerCount(of: principal, since: Self.oldest(at: microseconds))
            < Limits.idempotencyKeysPerPrincipal
    }

    /// When an answer was made that may just be given still.
    static func oldest(at microseconds: Int64) -> Int64 {
        microseconds - Limits.idempotencySeconds * 1_000_000
    }
}

/// What the committer keeps beside a change.
struct KeptAnswer: Sendable {
    let place: RequestPlace
    /// Whether what it tells of is done already: then there is room for it, whoever else came meanwhile.
    let isOwed: Bool
    /// What is told of a change that was made; nil where there is nothing to keep.
    let answer: @Sendable (ChangeResult) -> StoredAnswer?

    init(
        place: RequestPlace, isOwed: Bool = false,
        answer: @escaping @Sendable (ChangeResult) -> StoredAnswer?
    ) {
        self.place = place
        self.isOwed = isOwed
        self.answer = answer
    }

    /// An answer that does not need to know what became of the change.
    init(place: RequestPlace, isOwed: Bool = false, answer: StoredAnswer) {
        self.init(place: place, isOwed: isOwed) { _ in answer }
    }

    /// - Throws: `overloaded` for a principal that has too many.
    func check(_ catalog: any CatalogReader, at microseconds: Int64) throws(ChangeFailure) {
        guard !isOwed else { return }
        let hasRoom = try catalogued { () throws(StorageError) in
            try place.hasRoom(in: catalog, at: microseconds)
        }
        guard hasRoom else { throw .refused(VaultError(.overloaded)) }
    }

    func insert(
        into catalog: any CatalogWriter, _ keyring: Keyring, _ result: ChangeResult,
        index: UInt64, at microseconds: Int64
    ) throws(StorageError) {
        guard let answer = answer(result) else { return }
        var text = ByteWriter(reserving: 34 + answer.body.count)
        text.append(place.digest.bytes)
        text.append(answer.status)
        text.append(answer.body)
        let sealed: [UInt8]
        do throws(CryptoError) {
            sealed = try keyring.sealAnswer(
                text.bytes, place.lookup, index: index, createdMicroseconds: microseconds)
        } catch {
            throw .unavailable(0)
        }
        try catalog.deleteKeptAnswers(
            before: RequestPlace.oldest(at: microseconds), limit: Limits.idempotencySweep)
        try catalog.insertKeptAnswer(
            KeptAnswerRow(
                lookup: place.lookup, principal: place.principal,
                createdMicroseconds: microseconds, index: index, sealed: sealed))
    }
}

extension KeptAnswerRow {
    /// The answer, if it may still be given.
    ///
    /// - Throws: ``VaultError`` `idempotency-key-reused` when it was another request's, or
    ///   `row-damaged`.
    func answer(to place: RequestPlace, _ keyring: Keyring) throws(VaultError) -> StoredAnswer {
        do {
            var reader = ByteReader(
                try keyring.openAnswer(
                    sealed, lookup, index: index, createdMicroseconds: createdMicroseconds))
            let digest = try Digest256(bytes: reader.read(Digest256.byteCount))
            guard digest == place.digest else { throw VaultError(.idempotencyKeyReused) }
            let status = try reader.read(UInt16.self)
            return StoredAnswer(status: status, body: try reader.read(reader.remaining))
        } catch let error as VaultError {
            throw error
        } catch {
            throw VaultError((error as? CryptoError)?.code(orElse: .rowDamaged) ?? .rowDamaged)
        }
    }
}
