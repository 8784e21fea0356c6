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
        if secret.isEmpty { throw try await refused(VaultError(.emptyBody), exchange) }
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
        let slot = try await verb { () async throws(VaultError) in
            try await vault.unseal(exchange.neededSecret, exchange.call)
        }
        logger.notice("unsealed", metadata: ["slot": "\(slot)"])
        return .json(SealAnswer(sealed: false, slot: slot))
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
                let (id, list) = try await vault.addSlot(
                    exchange.neededSecret, label: query.label, call)
                let told = StoredAnswer(status: 201, json: SlotsAnswer(list, added: id))
                if let place { try await vault.keep(told, at: place, telling: .slotsRead, call) }
                return told
            }
        }
        return Answer(told)
    }

    func slots(_ verb: Verb, _ exchange: Exchange) async throws -> Answer {
        let call = exchange.call
        switch verb {
        case .removeSlot(let text):
            let id = try await slot(text, exchange)
            return try await list { () async throws(VaultError) in
                try await vault.removeSlot(id, call)
            }
        case .proveSlot(let text):
            let id = try await slot(text, exchange)
            return try await list { () async throws(VaultError) in
                try await vault.proveSlot(id, exchange.neededSecret, call)
            }
        case .rotateRoot:
            return try await list { () async throws(VaultError) in
                try await vault.rotateRoot(call)
            }
        default:
            return try await list { () async throws(VaultError) in try await vault.slots(call) }
        }
    }

    private func list(_ body: () async throws(VaultError) -> SlotList) async throws -> Answer {
        .json(SlotsAnswer(try await verb(body), added: nil))
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
    init(_ list: SlotList, added: SlotID?) {
        self.init(
            generation: list.generation, added: added,
            slots: list.slots.map(StatusAnswer.Slot.init))
    }
}

extension StatusAnswer.Slot {
    init(_ state: SlotState) {
        self.init(
            id: state.slot.id, kind: state.slot.kind, label: state.slot.label,
            createdMicroseconds: state.slot.createdMicroseconds,
            provedMicroseconds: state.provedMicroseconds)
    }
}
