// admin.sock: the epochs, and what brings all keys under another.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of the epochs; nil for any other.
    func answerKeys(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .readKeys: return try await readKeys(exchange)
        case .rotateKeys:
            return try await begin(exchange) { (place, answer) async throws(VaultError) in
                try await vault.startRotation(exchange.call, at: place, answer)
            }
        case .reencrypt: return try await reencrypt(exchange)
        case .readStatement(let id): return try await readStatement(id, exchange)
        default: return nil
        }
    }

    private func readKeys(_ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        let state = try await verb { () async throws(VaultError) in
            try await vault.keysState(exchange.call)
        }
        return .json(KeysAnswer(state))
    }

    private func reencrypt(_ exchange: Exchange) async throws -> Answer {
        let request = try await body(ReencryptionRequest.self, exchange)
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            try exchange.repeatable()
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.startReencryption(
                    in: request.namespace, exchange.call, at: place
                ) { StoredAnswer(status: 202, json: OperationAnswer($0)) }
            }
        }
        return Answer(told)
    }

    private func readStatement(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        guard let id = try? OperationID(hex: id) else {
            throw try await refused(VaultError(.unknownStatement), exchange)
        }
        let note = try await verb { () async throws(VaultError) in
            try await vault.statement(of: id, exchange.call)
        }
        return Answer(type: MediaType.note, body: Array(note.utf8))
    }

    func requireNoQuery(_ exchange: Exchange) async throws {
        try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
        }
    }
}

extension KeysAnswer {
    init(_ state: KeysState) {
        let age = state.nowMicroseconds - state.primaryMicroseconds
        self.init(
            generation: state.generation,
            epochs: state.epochs.compactMap { StatusAnswer.Epoch($0, census: state.census) },
            primaryAgeDays: Int(max(0, age) / 86_400_000_000),
            operation: state.operation.map { OperationAnswer($0) }, rate: state.rate)
    }
}

extension StatusAnswer.Epoch {
    /// Nil for an entry of another key.
    init?(_ entry: KeyEntry, census: [UInt32: Int]) {
        guard entry.purpose == .epoch, let number = try? EpochNumber(entry.number),
            let state = EpochState(rawValue: entry.state)
        else { return nil }
        self.init(
            number: number, state: state, createdMicroseconds: entry.createdMicroseconds,
            wraps: census[entry.number] ?? 0)
    }
}

extension OperationRow {
    /// What a walk over all keys does now; nil where it does nothing, or is no such walk.
    var phase: String? {
        guard kind.walksKeys, !state.isFinal else { return nil }
        let phase = (try? KeyWalkPlace(cursor: progress.cursor))?.phase
        switch (kind, phase) {
        case (.reencrypt, .blobs), (.reencrypt, .references): return "reencrypting"
        default: return phase?.name
        }
    }
}
