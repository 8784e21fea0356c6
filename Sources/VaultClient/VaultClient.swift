// The other side of the door: one exchange at a time over a Unix socket.
//
// A refusal becomes ``ClientError/refused(_:)`` with the vault's own document. Nothing is retried
// here: a caller knows what repeating would mean.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import VaultAPI
package import VaultFormat

package struct VaultClient: Sendable {
    package let socket: SocketPath
    private let http: HTTPClient
    /// What every request shows.
    private let token: BearerText?
    /// That somebody else approved what is sent.
    private let approval: ApprovalID?

    /// Lends a client for `socket` and closes its connections at the end.
    ///
    /// - Parameters:
    ///   - token: shown with every request.
    ///   - approval: named by every request.
    /// - Throws: ``ClientError`` when the socket cannot be there, and whatever `body` throws.
    package static func with<Result: Sendable>(
        _ socket: SocketPath, token: BearerText? = nil, approval: ApprovalID? = nil,
        _ body: @Sendable (VaultClient) async throws -> Result
    ) async throws -> Result {
        try socket.check()
        return try await HTTPClient.withHTTPClient(configuration: configuration) { http in
            try await body(
                VaultClient(socket: socket, http: http, token: token, approval: approval))
        }
    }

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(Limits.clientConnectSeconds),
                read: .seconds(Limits.clientSilenceSeconds)))
        // A socket that refuses now is told now.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            Limits.clientConnections
        return configuration
    }

    /// Sends a request and returns its answer once that has begun and is a success.
    func exchange(
        _ method: HTTPMethod, _ pathAndQuery: String, headers: HTTPHeaders = [:],
        body: HTTPClientRequest.Body? = nil, seconds: Int64 = Limits.clientAnswerSeconds
    ) async throws(ClientError) -> HTTPClientResponse {
        var request = HTTPClientRequest(url: socket.url(pathAndQuery))
        request.method = method
        request.headers = headers
        request.headers.replaceOrAdd(name: "Host", value: "vault")
        if let token {
            let text = String(decoding: token.bytes, as: UTF8.self)
            request.headers.replaceOrAdd(name: HeaderName.authorization, value: "Bearer \(text)")
        }
        if let approval {
            request.headers.replaceOrAdd(name: HeaderName.approval, value: approval.hex)
        }
        request.body = body
        let answer: HTTPClientResponse
        do {
            answer = try await http.execute(request, timeout: .seconds(seconds))
        } catch {
            throw ClientError(error, socket: socket)
        }
        guard (200..<300).contains(answer.status.code) else { throw await refusal(answer) }
        return answer
    }

    /// A whole answer, understood.
    func answer<Value: Decodable>(
        _ type: Value.Type, to answer: HTTPClientResponse
    ) async throws(ClientError) -> Value {
        let bytes = try await self.bytes(of: answer)
        do {
            return try WireJSON.decode(type, from: bytes.readableBytesView)
        } catch {
            throw .answerNotUnderstood(status: answer.status.code)
        }
    }

    /// A whole answer as it came.
    func bytes(of answer: HTTPClientResponse) async throws(ClientError) -> ByteBuffer {
        do {
            return try await answer.body.collect(upTo: Limits.clientAnswerBytes)
        } catch is NIOTooManyBytesError {
            throw .answerNotUnderstood(status: answer.status.code)
        } catch {
            throw ClientError(error, socket: socket)
        }
    }

    private func refusal(_ answer: HTTPClientResponse) async -> ClientError {
        guard let bytes = try? await answer.body.collect(upTo: Limits.clientProblemBytes),
            let problem = try? WireJSON.decode(ProblemDocument.self, from: bytes.readableBytesView)
        else { return .answerNotUnderstood(status: answer.status.code) }
        return .refused(problem)
    }
}
