// images.sock: bytes out, whole or in part. RFC 9110 §13 (conditions) and §14 (ranges).

import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Opens what a GET asks for; its read is in the log when this returns.
    func getImage(_ id: String, _ exchange: Exchange) async throws -> Reply {
        let (id, claim) = try await target(id, takesTicket: true, exchange)
        if let held = try await answerToHolder(of: id, claim, exchange) { return .answer(held) }
        guard let place = readings.take(exchange.principalName) else {
            throw try await refused(VaultError(.overloaded), exchange)
        }
        let mayBePart = EntityTag.allowsPart(
            of: id, ifRange: exchange.values(HeaderName.ifRange))
        let span = mayBePart ? RangeField.span(fields: exchange.values(HeaderName.range)) : .whole
        do {
            return .image(
                try await verb { () async throws(VaultError) in
                    try await vault.open(id, claim: claim, span: span, exchange.call)
                }, place)
        } catch var refusal as Refusal {
            if let bytes = refusal.error.imageBytes {
                refusal.fields[.contentRange] = RangeField.unsatisfied(of: bytes)
            }
            throw refusal
        }
    }

    func probeImage(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let (id, claim) = try await target(id, takesTicket: true, exchange)
        if let held = try await answerToHolder(of: id, claim, exchange) { return held }
        let (image, body) = try await verb { () async throws(VaultError) in
            try await vault.metadata(id, claim: claim, as: .imageProbe, exchange.call)
        }
        var answer = Answer(type: image.type.mediaType, body: [])
        answer.fields = Self.imageFields(image, body, 0..<image.storedBytes)
        return answer
    }

    /// 304 for a reader whose `If-None-Match` names the image, if it may read it; else nil.
    private func answerToHolder(
        of id: ImageID, _ claim: Claim, _ exchange: Exchange
    ) async throws -> Answer? {
        guard EntityTag.isHeld(id, ifNoneMatch: exchange.values(HeaderName.ifNoneMatch)) else {
            return nil
        }
        _ = try await verb { () async throws(VaultError) in
            try await vault.metadata(id, claim: claim, as: .readUnchanged, exchange.call)
        }
        var answer = Answer(.notModified, type: MediaType.json, body: [])
        answer.fields = [.eTag: EntityTag.text(id), .cacheControl: "no-store"]
        return answer
    }

    /// Sends the image frame by frame; its read is in the log already. The next frame waits until the
    /// socket has taken the one before: a slow reader holds one frame, and what the log says was sent
    /// has left.
    func send(
        _ opened: OpenedImage, _ exchange: Exchange, through sender: FrameSender
    ) async throws {
        var sent = 0
        defer {
            vault.charge(bytes: sent, to: exchange.principal?.name, .read, exchange.call)
        }
        do {
            let frames = opened.frames
            for index in frames {
                let content = try await content(index, of: opened)
                var parts: [HTTPResponsePart] =
                    index == frames.lowerBound ? [.head(Self.head(of: opened))] : []
                parts.append(.body(content))
                if index == frames.upperBound - 1 { parts.append(.end(nil)) }
                try await sender.send(parts)
                sent += content.readableBytes
            }
            vault.ended(opened, bytes: sent, failure: nil)
        } catch {
            // The head is out: only the end of the connection can tell that the body is short.
            let code = (error as? VaultError)?.code ?? .downloadIncomplete
            vault.ended(opened, bytes: sent, failure: code)
            logger.error(
                "an answer was cut short",
                metadata: ["code": "\(code.rawValue)", "request_id": "\(exchange.id)"])
            throw ConnectionEnds()
        }
    }

    /// The only copy of a frame that is there while its reader takes it.
    private func content(_ index: Int, of opened: OpenedImage) async throws -> ByteBuffer {
        ByteBuffer(bytes: try await vault.frame(index, of: opened))
    }

    private static func head(of opened: OpenedImage) -> HTTPResponse {
        var fields = imageFields(opened.image, opened.body, opened.range)
        guard !opened.isWhole else { return HTTPResponse(status: .ok, headerFields: fields) }
        fields[.contentRange] = RangeField.content(
            opened.range, of: opened.image.storedBytes)
        return HTTPResponse(status: .partialContent, headerFields: fields)
    }

    /// The headers of an image, with the name of the claim that it is read under.
    private static func imageFields(
        _ image: ImageRow, _ body: ReferenceBody, _ range: Range<Int>
    ) -> HTTPFields {
        var fields = Answer.fields(type: image.type.mediaType, bytes: range.count)
        fields[.contentDisposition] = ContentDisposition.field(for: body.name)
        fields[.eTag] = EntityTag.text(image.image)
        fields[.acceptRanges] = "bytes"
        // Of the whole image, whatever part of it is sent (RFC 9530 §3).
        if let name = reprDigestName { fields[name] = ContentDigest.field(body.storedDigest) }
        return fields
    }

    /// Made once: a name is checked letter by letter.
    private static let reprDigestName = HTTPField.Name(HeaderName.reprDigest)
}
