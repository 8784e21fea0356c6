// admin.sock: what opens and closes the vault. Secrets come as the raw bytes of a body and go straight
// into locked memory.

import Glibc
import HTTPTypes
import Logging
import NIOCore
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat

extension RequestHandler {
    /// Takes a secret in, up to its last byte, and wipes what the connection held of it.
    func receiveSecret(_ exchange: inout Exchange) async throws {
        let secret: TypedSecret
        do throws(CryptoError) {
            secret = try TypedSecret()
        } catch {
            throw try await refused(VaultError(.overloaded), exchange)
        }
        do {
            while let part = try await exchange.body.next() {
                // The region of the connection's buffer that holds these bytes and nothing else.
                let fits = unsafe part.withUnsafeReadableBytes { bytes in
                    defer { unsafe Self.wipe(bytes) }
                    return unsafe secret.append(bytes)
                }
                guard fits else { throw VaultError(.bodyTooLarge) }
            }
        } catch let error as VaultError {
            throw try await refused(error, exchange)
        } catch  where Task.isCancelled {
            throw try await refused(VaultError(.deadlineExceeded), exchange)
        } catch {
            _ = try await refused(VaultError(.uploadIncomplete), exchange)
            throw error
        }
        exchange.hasUnreadBody = false
        exchange.secret = secret
    }

    /// Nobody reads a secret's part of the buffer again. Other references to the buffer are to what came
    /// before it, so that it is written in place and not in a copy.
    private static func wipe(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }

    func seal(_ exchange: Exchange) async throws -> Answer {
        try await verb { () async throws(VaultError) in try await vault.seal(exchange.call) }
        logger.notice("sealed")
        return .json(SealAnswer(sealed: true, slot: nil))
    }

    func unseal(_ exchange: Exchange) async throws -> Answer {
        let query = try await parsing(exchange) { () throws(RequestError) in
            try UnsealQuery(query: exchange.query)
        }
        let kind = query.kind
        let result = try await verb { () async throws(VaultError) in
            try await vault.unseal(
                exchange.neededSecret, of: kind, by: query.slot, exchange.call)
        }
        switch result {
        case .opened(let slot):
            logger.notice("unsealed", metadata: ["slot": "\(slot)", "key": "\(kind.name)"])
            return .json(SealAnswer(sealed: false, slot: slot))
        case .waits(let count):
            return .json(
                SealAnswer(
                    sealed: vault.isSealed, slot: nil, shares: ShareProgress(count)),
                status: .accepted
            )
        }
    }

    // MARK: Slots

    func addSlot(_ exchange: Exchange) async throws -> Answer {
        // The secret is no part of what a repeated request is compared by: nothing of it is kept.
        let (query, repeatable) = try await parsing(exchange) { () throws(RequestError) in
            (try NewSlotQuery(query: exchange.query), try exchange.repeatable())
        }
        let call = exchange.call
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, call) {
                (place) async throws(VaultError) in
                let secret = try exchange.neededSecret
                try await vault.requireSecondPerson(.addSlots, call) { query.words(secret.form) }
                let (id, list) = try await vault.addSlot(
                    secret, label: query.label, to: query.kind, on: query.token,
                    call)
                let told = StoredAnswer(status: 201, json: SlotsAnswer(list, added: id))
                if let place { try await vault.keep(told, at: place, telling: .slotsRead, call) }
                return told
            }
        }
        return Answer(told)
    }

    func removeSlot(_ text: String, _ exchange: Exchange) async throws -> Answer {
        let id = try await slot(text, exchange)
        let list = try await verb { () async throws(VaultError) in
            try await vault.requireSecondPerson(.removeSlots, exchange.call) { "slot=\(id.hex)" }
            return try await vault.removeSlot(id, exchange.call)
        }
        return .json(SlotsAnswer(list))
    }

    func proveSlot(_ text: String, _ exchange: Exchange) async throws -> Answer {
        let id = try await slot(text, exchange)
        let (list, count) = try await verb { () async throws(VaultError) in
            try await vault.proveSlot(id, exchange.neededSecret, exchange.call)
        }
        return .json(
            SlotsAnswer(list, shares: count.map(ShareProgress.init)),
            status: count == nil ? .ok : .accepted)
    }

    func challengeSlot(_ text: String, _ exchange: Exchange) async throws -> Answer {
        let id = try await slot(text, exchange)
        let (session, until) = try await verb { () async throws(VaultError) in
            try await vault.challenge(id, exchange.call)
        }
        return .json(
            ChallengeAnswer(
                challenge: session.challenge.text, words: session.words,
                expiresMicroseconds: until), status: .created)
    }

    /// Lists the slots of a file, or gives it a new root.
    func slots(_ asked: Verb, _ exchange: Exchange) async throws -> Answer {
        let kind = try await keyFile(exchange)
        let list = try await verb { () async throws(VaultError) in
            asked == .rotateRoot
                ? try await vault.rotateRoot(of: kind, exchange.call)
                : try await vault.slots(of: kind, exchange.call)
        }
        return .json(SlotsAnswer(list))
    }

    func rotateLogKey(_ exchange: Exchange) async throws -> Answer {
        let signer = try await verb { () async throws(VaultError) in
            try await vault.rotateLogKey(exchange.call)
        }
        logger.notice(
            "the log has a new key",
            metadata: ["number": "\(signer.number)", "fingerprint": "\(signer.fingerprint)"])
        return .json(
            LogKeyAnswer(
                number: signer.number, verifierKey: signer.verifierKey,
                fingerprint: signer.fingerprint))
    }

    private func keyFile(_ exchange: Exchange) async throws -> KeyFile.Kind {
        try await parsing(exchange) { () throws(RequestError) in
            try KeyFileQuery(query: exchange.query).kind
        }
    }

    private func slot(_ text: String, _ exchange: Exchange) async throws -> SlotID {
        guard let id = try? SlotID(hex: text) else {
            throw try await refused(VaultError(.unknownSlot), exchange)
        }
        return id
    }
}

extension Exchange {
    /// - Throws: ``VaultError`` `empty-body`, which whoever received the body has thrown before.
    fileprivate var neededSecret: TypedSecret {
        get throws(VaultError) {
            guard let secret else { throw VaultError(.emptyBody) }
            return secret
        }
    }
}

extension SlotsAnswer {
    init(_ list: SlotList, added: SlotID? = nil, shares: ShareProgress? = nil) {
        self.init(
            list.kind, generation: list.generation, added: added, shares: shares,
            slots: list.slots.map(StatusAnswer.Slot.init))
    }
}

extension ShareProgress {
    init(_ count: ShareCount) {
        self.init(given: count.given, needed: count.needed)
    }
}

extension StatusAnswer.Slot {
    init(_ state: SlotState) {
        self.init(
            id: state.slot.id, kind: state.slot.kind, label: state.slot.label,
            detail: state.slot.detail, createdMicroseconds: state.slot.createdMicroseconds,
            provedMicroseconds: state.provedMicroseconds)
    }
}
