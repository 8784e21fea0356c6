// audit.sock: the log in pages, as a bundle, and as tiles.

import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of the log; nil for any other.
    func answerLog(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .listEvents: return try await listEvents(exchange)
        case .readTile(let path): return try await readTile(path, exchange)
        case .redact: return try await redact(exchange)
        case .resolveName(let id): return try await resolveName(id, exchange)
        default: return nil
        }
    }

    private func listEvents(_ exchange: Exchange) async throws -> Answer {
        let query = try await parsing(exchange) { () throws(RequestError) in
            try EventListQuery(query: exchange.query)
        }
        let page = try await verb { () async throws(VaultError) in
            switch query {
            case .after(let index, let limit, let filter):
                try await vault.events(
                    filter, from: index.map { $0 + 1 } ?? 0, limit: limit, exchange.call)
            case .newest(let count): try await vault.newestEvents(count, exchange.call)
            }
        }
        let slots = page.events.map { event -> EventSlot in
            event.body.map { .body($0) }
                ?? .unavailable(
                    index: event.index,
                    event.isErased ? .erased : vault.isSealed ? .sealed : .damaged)
        }
        // The next page comes `after` an event, the last one of this page.
        let last = page.next.map { $0 - 1 }
        return Answer(
            type: MediaType.json,
            body: EventPageWriter.encode(slots, next: last, size: page.size))
    }

    /// Begins a bundle; its event is in the log when this returns.
    func openBundle(_ exchange: Exchange) async throws -> BundleExport {
        let query = try await parsing(exchange) { () throws(RequestError) in
            try BundleQuery(query: exchange.query)
        }
        return try await verb { () async throws(VaultError) in
            try await vault.bundle(query, words: query.filter.words, exchange.call)
        }
    }

    // MARK: Tiles

    private func readTile(_ path: [String], _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        // What has not the form of a tile's path is none.
        guard let tile = TilePath(path) else {
            throw try await refused(VaultError(.unknownIndex), exchange)
        }
        let bytes = try await verb { () async throws(VaultError) in
            try await vault.tile(tile, exchange.call)
        }
        return Answer(type: MediaType.octets, body: bytes)
    }

    // MARK: Names and bodies

    private func redact(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(RedactionRequest.self, exchange)
        let erased = try await verb { () async throws(VaultError) in
            try await vault.requireSecondPerson(.redactLog, exchange.call) { request.words }
            switch request.subject {
            case .events(let indexes):
                return try await vault.eraseEvents(
                    indexes, reason: request.reason, exchange.call)
            case .name(let pseudonym):
                try await vault.eraseName(pseudonym, reason: request.reason, exchange.call)
                return 1
            }
        }
        return .json(RedactionAnswer(erased: erased))
    }

    private func resolveName(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let request = try await body(ResolveRequest.self, exchange)
        // A policy has a verb for it; without one the settings have their own list.
        guard policy.current.digest != nil || service.resolvers.admits(exchange.peer) else {
            throw try await refused(
                VaultError(.notPermitted), detail: "audit.resolvers does not name you.", exchange)
        }
        guard let pseudonym = try? Pseudonym(hex: id) else {
            throw try await refused(VaultError(.unknownName), exchange)
        }
        let (kind, name) = try await verb { () async throws(VaultError) in
            try await vault.name(of: pseudonym, reason: request.reason, exchange.call)
        }
        return .json(NameAnswer(pseudonym, kind: kind, name: name))
    }
}
