// admin.sock: background work.

import HTTPTypes
import HummingbirdCore
import Vault
import VaultAPI
import VaultCrypto
import VaultFormat

extension RequestHandler {
    /// Answers a verb of operations; nil for any other.
    func answerOperations(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .startInspection: return try await startInspection(exchange)
        case .startCheck:
            let query = try await parsing(exchange) { () throws(RequestError) in
                try CheckQuery(query: exchange.query)
            }
            return try await begin(exchange, anyQuery: true) {
                (place, answer) async throws(VaultError) in
                query.contents
                    ? try await vault.startVerification(exchange.call, at: place, answer)
                    : try await vault.startCheck(exchange.call, at: place, answer)
            }
        case .listOperations: return try await listOperations(exchange)
        case .readOperation(let id): return try await readOperation(id, exchange)
        case .listFindings(let id): return try await listFindings(id, exchange)
        case .moveOperation(let id, let steering):
            let id = try await operation(id, exchange)
            try await requireNoQuery(exchange)
            let row = try await self.verb { () async throws(VaultError) in
                try await vault.move(id, steering, exchange.call)
            }
            return .json(OperationAnswer(row))
        default: return nil
        }
    }

    private func startInspection(_ exchange: Exchange) async throws -> Answer {
        let (parameters, repeatable) = try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
            let request = try RequestJSON.decode(InspectionRequest.self, from: exchange.content)
            return (try reinspection(request), try exchange.repeatable())
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.startReinspection(parameters, exchange.call, at: place) {
                    StoredAnswer(status: 202, json: OperationAnswer($0))
                }
            }
        }
        return Answer(told)
    }

    /// Begins work that needs no words, once where its sender names the request.
    func begin(
        _ exchange: Exchange, anyQuery: Bool = false,
        _ start: (
            RequestPlace?, @Sendable (OperationRow) -> StoredAnswer
        ) async throws(VaultError) -> StoredAnswer
    ) async throws -> Answer {
        let repeatable = try await parsing(exchange) { () throws(RequestError) in
            if !anyQuery { try QueryString.requireNone(exchange.query) }
            return try exchange.repeatable()
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await start(place) { StoredAnswer(status: 202, json: OperationAnswer($0)) }
            }
        }
        return Answer(told)
    }

    private func reinspection(
        _ request: InspectionRequest
    ) throws(RequestError) -> ReinspectionParameters {
        // No image would ever leave a search below a version that is not there yet.
        guard request.below ?? 1 <= Vault.inspectorVersion else {
            throw .invalidBody(
                expected: "one whose below is at most \(Vault.inspectorVersion)")
        }
        return ReinspectionParameters(
            below: request.below, level: request.level, quarantines: request.quarantine,
            isTrial: request.trial)
    }

    private func listOperations(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (before, limit) async throws(VaultError) in
            try await vault.operations(before: before, limit: limit, exchange.call)
        }
        return .json(
            OperationListAnswer(
                operations: page.operations.map { OperationAnswer($0) },
                next: PageCursor(row: page.next)))
    }

    private func readOperation(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let id = try await operation(id, exchange)
        let query = try await parsing(exchange) { () throws(RequestError) in
            try OperationQuery(query: exchange.query)
        }
        let row = try await verb { () async throws(VaultError) in
            try await vault.operation(id, waiting: query.wait, exchange.call)
        }
        return .json(OperationAnswer(row))
    }

    private func listFindings(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let id = try await operation(id, exchange)
        let page = try await page(exchange) { (after, limit) async throws(VaultError) in
            try await vault.findings(
                of: id, after: after ?? 0, limit: limit, exchange.call)
        }
        return .json(OperationFindingsAnswer(page))
    }

    /// The page of a listing of numbered rows that is asked for.
    ///
    /// - Parameter read: reads it: behind which row, or nil for the first one, and how many.
    func page<Page>(
        _ exchange: Exchange,
        _ read: (_ place: Int64?, _ limit: Int) async throws(VaultError) -> Page
    ) async throws -> Page {
        let (query, row) = try await parsing(exchange) { () throws(RequestError) in
            let query = try PageQuery(query: exchange.query)
            return (query, try query.after?.row())
        }
        return try await verb { () async throws(VaultError) in try await read(row, query.limit) }
    }

    /// What has not the form of an operation's id is none.
    func operation(_ id: String, _ exchange: Exchange) async throws -> OperationID {
        guard let id = try? OperationID(hex: id) else {
            throw try await refused(VaultError(.unknownOperation), exchange)
        }
        return id
    }
}

extension Exchange {
    /// The request under the key that its sender gave it.
    func repeatable() throws(RequestError) -> RepeatableRequest? {
        let key = try IdempotencyKeyField.key(fields: values(HeaderName.idempotencyKey))
        guard let key else { return nil }
        let head = "\(request.method.rawValue) \(request.head.path ?? "")\n"
        return RepeatableRequest(key: key, digest: LogHash.digest(Array(head.utf8) + content))
    }
}

extension PageCursor {
    /// A place in a listing of numbered rows; nil behind its end.
    init?(row: Int64?) {
        guard let row, let cursor = try? PageCursor("r\(row)") else { return nil }
        self = cursor
    }

    /// - Throws: ``RequestError`` for what no page gave as its next.
    func row() throws(RequestError) -> Int64 {
        guard wireText.first == "r", let row = Int64(wireText.dropFirst()), row > 0,
            "r\(row)" == wireText
        else { throw .invalidParameter("after", expected: "the next of another page") }
        return row
    }
}

extension StoredAnswer {
    init(status: UInt16, json value: some Encodable) {
        // Encoding fails only for numbers that are none, and no answer holds any.
        self.init(status: status, body: (try? WireJSON.encode(value)) ?? Array("{}".utf8))
    }
}

extension Answer {
    init(_ stored: StoredAnswer) {
        self.init(
            HTTPResponse.Status(code: Int(stored.status)), type: MediaType.json, body: stored.body)
    }
}

extension OperationFindingsAnswer {
    fileprivate init(_ page: FindingPage) {
        self.init(
            findings: page.findings.compactMap { found in
                guard let image = found.image, let namespace = found.namespace else { return nil }
                return OperationFinding(
                    image: image, namespace: namespace, code: found.code, finding: found.finding,
                    event: found.event)
            },
            records: page.findings.filter { $0.image == nil || $0.namespace == nil }.map {
                RecordFinding(namespace: $0.namespace, code: $0.code, event: $0.event)
            }, next: PageCursor(row: page.next))
    }
}

extension OperationAnswer {
    init(_ row: OperationRow) {
        let inspection =
            row.kind == .reinspect ? try? ReinspectionParameters(parsing: row.parameters) : nil
        self.init(
            id: row.operation, kind: row.kind, state: row.state, creator: row.creator,
            createdMicroseconds: row.createdMicroseconds,
            updatedMicroseconds: row.updatedMicroseconds, progress: row.progress,
            failure: row.failure, phase: row.phase,
            inspection: inspection.map { InspectionSummary($0) })
    }
}
