// A request that its sender may send again: it is carried out once, and answered each time.

import Synchronization
package import VaultFormat

extension Vault {
    /// Carries out a request that creates something, once for each key of its sender.
    ///
    /// `verb` hands what it gets to the committer together with its answer, so that both are durable
    /// or neither is. Only an answer that tells of a success is kept: a request that was refused may
    /// be sent again, corrected, under the same key.
    ///
    /// - Parameter request: nil where the sender gave no key.
    /// - Throws: ``VaultError`` `idempotency-key-in-use` while the first is not answered yet, or
    ///   `idempotency-key-reused`.
    package func once(
        _ request: RepeatableRequest?, _ action: EventAction, _ call: Call,
        _ verb: (RequestPlace?) async throws(VaultError) -> StoredAnswer
    ) async throws(VaultError) -> StoredAnswer {
        guard let request else { return try await verb(nil) }
        return try await audited(action, call) { () async throws(VaultError) in
            let place = RequestPlace(request, call, try keyring())
            guard answering.withLock({ $0.insert(place.lookup).inserted }) else {
                throw VaultError(.idempotencyKeyInUse)
            }
            defer { answering.withLock { _ = $0.remove(place.lookup) } }
            if let kept = try await keptAnswer(for: place, call) { return kept }
            // What is done and cannot be told again is worse than what is not done.
            let now = clock.nowMicroseconds()
            let hasRoom = try reading { (reader) throws(StorageError) in
                try place.hasRoom(in: reader, at: now)
            }
            guard hasRoom else { throw VaultError(.overloaded) }
            return try await verb(place)
        }
    }

    /// Keeps the answer of what is durable already and cannot be in one transaction with it, such as a
    /// file; it tells the state of things, which is an event. Between the two a kill leaves no answer,
    /// and a request that comes again is carried out again.
    package func keep(
        _ answer: StoredAnswer, at place: RequestPlace, telling action: EventAction, _ call: Call
    ) async throws(VaultError) {
        _ = try await committer.commit(
            .none, event(action, call),
            keeping: KeptAnswer(place: place, isOwed: true, answer: answer))
    }

    /// The answer that was given before; giving it again is an event of its own.
    private func keptAnswer(
        for place: RequestPlace, _ call: Call
    ) async throws(VaultError) -> StoredAnswer? {
        let row = try reading { (reader) throws(StorageError) in
            try reader.keptAnswer(place.lookup)
        }
        let oldest = RequestPlace.oldest(at: clock.nowMicroseconds())
        guard let row, row.createdMicroseconds >= oldest else { return nil }
        let answer = try row.answer(to: place, try keyring())
        var event = event(.requestRepeated, call)
        event.begunAt = row.index
        _ = try await committer.commit(.none, event)
        return answer
    }
}
