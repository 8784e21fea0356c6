// What goes back: a head and a body of known length. Never chunked, never cached, never sniffed.

import HTTPTypes
import NIOCore
import NIOHTTPTypes
import VaultAPI
import VaultFormat

struct Answer {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    var body: [UInt8]

    init(_ status: HTTPResponse.Status = .ok, type: String, body: [UInt8]) {
        self.status = status
        self.body = body
        fields = Self.fields(type: type, bytes: body.count)
    }

    /// One JSON object.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Answer {
        // Encoding fails only for numbers that are none, and no answer holds any.
        let body = (try? WireJSON.encode(value)) ?? Array("{}".utf8)
        return Answer(status, type: MediaType.json, body: body)
    }

    /// A problem document, with the header that tells when to come back.
    static func problem(_ problem: ProblemDocument) -> Answer {
        let body = (try? WireJSON.encode(problem)) ?? Array("{}".utf8)
        var answer = Answer(
            .init(code: problem.status), type: MediaType.problem, body: body)
        if let wait = problem.retryAfterMilliseconds {
            answer.fields[.retryAfter] = String((wait + 999) / 1000)
        }
        return answer
    }

    static func fields(type: String, bytes: Int) -> HTTPFields {
        var fields = HTTPFields()
        fields[.contentType] = type
        fields[.contentLength] = String(bytes)
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        return fields
    }

    /// To be sent until the socket has them: what was left in a buffer when the caller had said its last would be
    /// lost.
    var parts: [HTTPResponsePart] {
        let head = HTTPResponsePart.head(HTTPResponse(status: status, headerFields: fields))
        let content = body.isEmpty ? [] : [HTTPResponsePart.body(ByteBuffer(bytes: body))]
        return [head] + content + [.end(nil)]
    }
}
