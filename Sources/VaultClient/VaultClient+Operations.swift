// The verbs of background work, on the admin socket.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Asks for a re-inspection; sending it again under the same key asks for nothing more.
    package func inspect(
        _ request: InspectionRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> OperationAnswer {
        try await answer(
            OperationAnswer.self, to: send(request, to: APIPath.inspections, key: key))
    }

    /// Begins a check of the rows against the log; asking again under the same key begins nothing more.
    package func check(
        contents: Bool = false, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> OperationAnswer {
        try await begin(APIPath.checks + CheckQuery(contents: contents).query, key)
    }

    package func operations(_ page: PageQuery) async throws(ClientError) -> OperationListAnswer {
        try await answer(
            OperationListAnswer.self, to: exchange(.GET, APIPath.operations + page.query))
    }

    /// The operation at its end, or after `wait` seconds.
    package func operation(
        _ id: OperationID, wait: Int = 0
    ) async throws(ClientError) -> OperationAnswer {
        let query = OperationQuery(wait: wait).query
        return try await answer(
            OperationAnswer.self, to: exchange(.GET, APIPath.operation(id) + query))
    }

    package func findings(
        of id: OperationID, _ page: PageQuery
    ) async throws(ClientError) -> OperationFindingsAnswer {
        try await answer(
            OperationFindingsAnswer.self, to: exchange(.GET, APIPath.findings(id) + page.query))
    }

    package func cancel(_ id: OperationID) async throws(ClientError) -> OperationAnswer {
        try await answer(OperationAnswer.self, to: exchange(.DELETE, APIPath.operation(id)))
    }

    package func pause(_ id: OperationID) async throws(ClientError) -> OperationAnswer {
        try await answer(OperationAnswer.self, to: exchange(.POST, APIPath.pause(id)))
    }

    package func resume(_ id: OperationID) async throws(ClientError) -> OperationAnswer {
        try await answer(OperationAnswer.self, to: exchange(.POST, APIPath.resume(id)))
    }

    /// The epochs, and the work on them.
    package func keys() async throws(ClientError) -> KeysAnswer {
        try await answer(KeysAnswer.self, to: exchange(.GET, APIPath.keys))
    }

    /// Begins a rotation; asking again under the same key begins nothing more.
    package func rotate(key: IdempotencyKey? = nil) async throws(ClientError) -> OperationAnswer {
        try await begin(APIPath.rotate, key)
    }

    private func begin(
        _ path: String, _ key: IdempotencyKey?
    ) async throws(ClientError) -> OperationAnswer {
        try await answer(
            OperationAnswer.self, to: exchange(.POST, path, headers: HTTPHeaders(key)))
    }

    /// Begins a re-encryption; asking again under the same key begins nothing more.
    package func reencrypt(
        _ request: ReencryptionRequest, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> OperationAnswer {
        try await answer(
            OperationAnswer.self, to: send(request, to: APIPath.reencrypt, key: key))
    }

    /// The signed note of what a rotation came to.
    package func statement(of id: OperationID) async throws(ClientError) -> String {
        try await text(APIPath.statement(id))
    }

    /// Sends a JSON object.
    func send(
        _ value: some Encodable, to path: String, method: HTTPMethod = .POST,
        key: IdempotencyKey? = nil, claim: Claim = .unnamed,
        seconds: Int64 = Limits.clientAnswerSeconds
    ) async throws(ClientError) -> HTTPClientResponse {
        var headers = HTTPHeaders(key)
        headers.add(contentsOf: Self.headers(claim))
        headers.add(name: HeaderName.contentType, value: MediaType.json)
        // Encoding fails only for numbers that are none, and no request holds any.
        let bytes = (try? WireJSON.encode(value)) ?? []
        return try await exchange(
            method, path, headers: headers, body: .bytes(ByteBuffer(bytes: bytes)),
            seconds: seconds)
    }
}

extension HTTPHeaders {
    /// Those of a request that may be sent again, where it has a key.
    init(_ key: IdempotencyKey?) {
        self.init()
        if let key { add(name: HeaderName.idempotencyKey, value: IdempotencyKeyField.field(key)) }
    }
}
