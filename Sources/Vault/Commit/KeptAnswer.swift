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

    /// A principal is a user at a door.
    init(_ request: RepeatableRequest, _ call: Call, _ keyring: Keyring) {
        let principal = "\(call.caller.door.name)/\(call.caller.uid)"
        lookup = keyring.blindIndex(
            .requestKey, "\(principal)/\(request.key)", in: call.namespace)
        self.principal = keyring.blindIndex(.principal, principal, in: call.namespace)
        digest = request.digest
    }
}

/// What the committer keeps beside a change.
struct KeptAnswer: Sendable {
    let place: RequestPlace
    let answer: StoredAnswer

    /// - Throws: `overloaded` for a principal that has too many.
    func check(_ catalog: any CatalogReader) throws(ChangeFailure) {
        let count: Int
        do {
            count = try catalog.keptAnswerCount(of: place.principal)
        } catch {
            throw .storage(error)
        }
        guard count < Limits.idempotencyKeysPerPrincipal else {
            throw .refused(VaultError(.overloaded))
        }
    }

    func insert(
        into catalog: any CatalogWriter, _ keyring: Keyring, index: UInt64, at microseconds: Int64
    ) throws(StorageError) {
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
            before: microseconds - Limits.idempotencySeconds * 1_000_000,
            limit: Limits.idempotencySweep)
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
