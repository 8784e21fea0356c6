// The verbs of the admin and audit sockets, and those that every socket has.

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    package func status() async throws(ClientError) -> StatusAnswer {
        try await answer(StatusAnswer.self, to: exchange(.GET, APIPath.status))
    }

    /// What is measured, as Prometheus reads it; asking leaves no event.
    package func metrics() async throws(ClientError) -> String {
        String(buffer: try await bytes(of: exchange(.GET, APIPath.metrics)))
    }

    /// Takes every key from the vault until it is unsealed.
    package func seal() async throws(ClientError) -> SealAnswer {
        try await answer(SealAnswer.self, to: exchange(.POST, APIPath.seal))
    }

    /// Opens the vault, or its log's key, with the secret of one of its slots.
    package func unseal(
        _ secret: [UInt8], _ kind: KeyFile.Kind = .keyring, slot: SlotID? = nil
    ) async throws(ClientError) -> SealAnswer {
        try await send(secret, to: APIPath.unseal + UnsealQuery(kind, slot: slot).query)
    }

    package func slots(
        _ kind: KeyFile.Kind = .keyring
    ) async throws(ClientError) -> SlotsAnswer {
        try await answer(
            SlotsAnswer.self, to: exchange(.GET, APIPath.slots + KeyFileQuery(kind).query))
    }

    /// Adds a slot that the secret opens, or that a token keeps the secret of.
    package func addSlot(
        _ secret: [UInt8], label: SlotLabel, to kind: KeyFile.Kind = .keyring,
        on token: KeySlot.Kind? = nil
    ) async throws(ClientError) -> SlotsAnswer {
        try await send(
            secret, to: APIPath.slots + NewSlotQuery(label: label, to: kind, on: token).query)
    }

    package func removeSlot(_ id: SlotID) async throws(ClientError) -> SlotsAnswer {
        try await answer(SlotsAnswer.self, to: exchange(.DELETE, APIPath.slot(id)))
    }

    /// Has a slot open its file, and what that gives thrown away.
    package func proveSlot(
        _ id: SlotID, _ secret: [UInt8]
    ) async throws(ClientError) -> SlotsAnswer {
        try await send(secret, to: APIPath.slotProof(id))
    }

    /// What the holder of a recovery key is to answer.
    package func challenge(_ id: SlotID) async throws(ClientError) -> ChallengeAnswer {
        try await answer(ChallengeAnswer.self, to: exchange(.POST, APIPath.challenge(id)))
    }

    package func rotateRoot(
        _ kind: KeyFile.Kind = .keyring
    ) async throws(ClientError) -> SlotsAnswer {
        try await answer(
            SlotsAnswer.self, to: exchange(.POST, APIPath.rotateRoot + KeyFileQuery(kind).query))
    }

    package func rotateLogKey() async throws(ClientError) -> LogKeyAnswer {
        try await answer(LogKeyAnswer.self, to: exchange(.POST, APIPath.rotateLogKey))
    }

    private func send<Value: Decodable>(
        _ secret: [UInt8], to path: String
    ) async throws(ClientError) -> Value {
        try await answer(
            Value.self,
            to: exchange(
                .POST, path, headers: ["Content-Type": MediaType.octets],
                body: .bytes(ByteBuffer(bytes: secret)), seconds: Limits.clientStretchSeconds))
    }

    package func events(_ list: EventListQuery) async throws(ClientError) -> EventPage {
        try await answer(EventPage.self, to: exchange(.GET, APIPath.events + list.query))
    }

    /// Fetches a bundle of the log, piece by piece as it comes.
    ///
    /// - Throws: ``ClientError``, and what `piece` throws.
    package func bundle(
        _ query: BundleQuery, piece: (ByteBuffer) throws(ClientError) -> Void
    ) async throws(ClientError) {
        let answer = try await exchange(
            .GET, APIPath.bundle + query.query, seconds: Limits.clientUploadSeconds)
        do {
            for try await bytes in answer.body { try piece(bytes) }
        } catch {
            throw ClientError(error, socket: socket)
        }
    }

    /// The name behind a pseudonym, for those who may know it.
    package func name(
        of pseudonym: Pseudonym, reason: AdminNote
    ) async throws(ClientError) -> NameAnswer {
        try await answer(
            NameAnswer.self,
            to: send(ResolveRequest(reason: reason), to: APIPath.name(of: pseudonym), key: nil))
    }

    /// Erases bodies of events, or the name behind a pseudonym.
    package func redact(
        _ request: RedactionRequest
    ) async throws(ClientError) -> RedactionAnswer {
        try await answer(
            RedactionAnswer.self, to: send(request, to: APIPath.redactions, key: nil))
    }

    /// Who may do what.
    package func policy() async throws(ClientError) -> PolicyAnswer {
        try await answer(PolicyAnswer.self, to: exchange(.GET, APIPath.policy))
    }

    /// Takes the policy from its file again.
    package func reloadPolicy() async throws(ClientError) -> PolicyAnswer {
        try await answer(PolicyAnswer.self, to: exchange(.POST, APIPath.reloadPolicy))
    }

    /// The newest signed note, as text.
    package func checkpoint() async throws(ClientError) -> String {
        try await text(APIPath.checkpoint)
    }

    package func health() async throws(ClientError) -> HealthAnswer {
        try await answer(HealthAnswer.self, to: exchange(.GET, APIPath.health))
    }

    package func ready() async throws(ClientError) -> ReadyAnswer {
        try await answer(ReadyAnswer.self, to: exchange(.GET, APIPath.ready))
    }

    package func version() async throws(ClientError) -> VersionAnswer {
        try await answer(VersionAnswer.self, to: exchange(.GET, APIPath.productVersion))
    }

    package func whoami() async throws(ClientError) -> WhoAmIAnswer {
        try await answer(WhoAmIAnswer.self, to: exchange(.GET, APIPath.whoami))
    }

    /// The contract that the daemon serves.
    package func contract() async throws(ClientError) -> String {
        try await text(APIPath.contract)
    }

    func text(_ path: String) async throws(ClientError) -> String {
        let answer = try await exchange(.GET, path)
        let bytes = try await bytes(of: answer)
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw .answerNotUnderstood(status: answer.status.code)
        }
        return text
    }
}
