// Long answers, sent piece by piece. Their length is not known before: an end without the last piece is told by the end
// of the connection, and by what is missing.

import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Begins what is sent piece by piece; its event is in the log when this returns.
    func open(_ verb: Verb, _ exchange: Exchange) async throws -> Reply {
        switch verb {
        case .bundle: stream(try await openBundle(exchange), MediaType.note, verb, exchange)
        case .beginBackup: stream(try await beginBackup(exchange), MediaType.octets, verb, exchange)
        case .copyBlobs(let id):
            stream(try await copyBlobs(id, exchange), MediaType.octets, verb, exchange)
        default: throw Refusal(error: VaultError(.internalError), detail: nil)
        }
    }

    /// Whoever is contained meanwhile gets no more of it.
    private func stream(
        _ stream: some OutgoingStream, _ type: String, _ verb: Verb, _ exchange: Exchange
    ) -> Reply {
        guard let name = verb.name else { return .stream(stream, type) }
        return .stream(RevocableStream(stream, name, exchange.action, exchange.call), type)
    }

    func send(
        _ stream: any OutgoingStream, as type: String, _ exchange: Exchange,
        through sender: FrameSender
    ) async throws {
        do {
            var stream = stream
            var parts: [HTTPResponsePart] = [.head(Self.streamHead(type))]
            while let piece = try await piece(of: &stream) {
                parts.append(.body(ByteBuffer(bytes: piece)))
                try await sender.send(parts)
                parts = []
            }
            try await sender.send(parts + [.end(nil)])
        } catch {
            let code = (error as? VaultError)?.code ?? .downloadIncomplete
            logger.error(
                "\(Swift.type(of: stream).name) was cut short",
                metadata: ["code": "\(code.rawValue)", "request_id": "\(exchange.id)"])
            throw ConnectionEnds()
        }
    }

    private func piece(of stream: inout any OutgoingStream) async throws -> [UInt8]? {
        let current = stream
        let (next, piece) = try await onRequestThread { () throws in
            var next = current
            let piece = try await next.next(of: vault)
            return (next, piece)
        }
        stream = next
        return piece
    }

    private static func streamHead(_ type: String) -> HTTPResponse {
        var fields = Answer.fields(type: type, bytes: 0)
        fields[.contentLength] = nil
        fields[.transferEncoding] = "chunked"
        return HTTPResponse(status: .ok, headerFields: fields)
    }
}
