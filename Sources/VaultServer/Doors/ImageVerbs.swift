// images.sock: bytes in, and what is known of them.

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
    // MARK: PUT

    /// Takes an upload in, up to its last byte.
    func receiveImage(
        _ exchange: Exchange, _ sender: FrameSender
    ) async throws -> (Upload, PutRequest) {
        let put = try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
            return PutRequest(
                name: try ContentDisposition.fileName(
                    fields: exchange.values(HeaderName.contentDisposition)),
                declaredType: exchange.declaredType,
                claim: try exchange.claim(),
                digest: try exchange.contentDigest(), quota: exchange.quota)
        }
        do throws(VaultError) {
            try vault.requireNamespace(exchange.call.namespace)
        } catch {
            throw try await refused(error, exchange)
        }
        return (try await receiveUpload(exchange, sender), put)
    }

    /// Takes in an upload that is only inspected; it may come without a name.
    func receiveForInspection(
        _ exchange: Exchange, _ sender: FrameSender
    ) async throws -> (Upload, InspectRequest) {
        let request = try await parsing(exchange) { () throws(RequestError) in
            try QueryString.requireNone(exchange.query)
            let fields = exchange.values(HeaderName.contentDisposition)
            return InspectRequest(
                name: fields.isEmpty ? nil : try ContentDisposition.fileName(fields: fields),
                declaredType: exchange.declaredType, digest: try exchange.contentDigest())
        }
        return (try await receiveUpload(exchange, sender), request)
    }

    /// Takes a body in as an upload, when its head was found to be right.
    private func receiveUpload(
        _ exchange: Exchange, _ sender: FrameSender
    ) async throws -> Upload {
        let length = try await contentLength(exchange)
        let upload: Upload
        do throws(VaultError) {
            upload = try await vault.receive(
                bytes: length, in: exchange.call.namespace, of: exchange.principalName)
        } catch {
            throw try await refused(error, exchange)
        }
        if exchange.request.headers[.expect]?.lowercased() == "100-continue" {
            try await sender.send([.head(HTTPResponse(status: .continue))])
        }
        try await receive(into: upload, exchange)
        return upload
    }

    func putImage(
        _ received: (upload: Upload, request: PutRequest), _ exchange: Exchange
    ) async throws -> Answer {
        let stored = try await verb { () async throws(VaultError) in
            try await vault.put(received.upload, received.request, exchange.call)
        }
        return Answer(.created, type: MediaType.json, body: ImageAnswer(stored).json)
    }

    func inspectImage(
        _ received: (upload: Upload, request: InspectRequest), _ exchange: Exchange
    ) async throws -> Answer {
        let inspected = try await verb { () async throws(VaultError) in
            try await vault.inspect(received.upload, received.request, exchange.call)
        }
        return .json(InspectionAnswer(inspected))
    }

    private func contentLength(_ exchange: Exchange) async throws -> Int? {
        guard let text = exchange.request.headers[.contentLength] else { return nil }
        guard let length = Int(text), length >= 0 else {
            throw try await refused(VaultError(.badRequest), exchange)
        }
        if length == 0 { throw try await refused(VaultError(.emptyBody), exchange) }
        return length
    }

    /// Takes the body in, counted and hashed as it comes; the limit acts at once.
    private func receive(into upload: Upload, _ exchange: Exchange) async throws {
        let deadline = ContinuousClock.now + .seconds(Limits.uploadSeconds)
        var arrived = 0
        defer { charge(arrived, exchange) }
        do {
            while let part = try await exchange.body.next() {
                arrived += part.readableBytes
                try unsafe part.withUnsafeReadableBytes { try unsafe upload.append($0) }
                guard ContinuousClock.now < deadline else { throw VaultError(.uploadTimeout) }
            }
        } catch let error as VaultError {
            throw try await refused(error, exchange)
        } catch  where Task.isCancelled {
            throw try await refused(VaultError(.deadlineExceeded), exchange)
        } catch {
            // The connection ended inside the body: nobody is left to be told, but the log is.
            _ = try await refused(VaultError(.uploadIncomplete), exchange)
            throw error
        }
    }

    // MARK: The rest

    func readMetadata(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let (id, claim) = try await target(id, exchange)
        let (image, body) = try await verb { () async throws(VaultError) in
            try await vault.metadata(id, claim: claim, as: .metadataRead, exchange.call)
        }
        return Answer(
            type: MediaType.json, body: ImageAnswer(ClaimedImage(image: image, body: body)).json)
    }

    func deleteImage(_ id: String, _ exchange: Exchange) async throws -> Answer {
        let (id, claim) = try await target(id, exchange)
        let dropped = try await verb { () async throws(VaultError) in
            try await vault.delete(id, claim: claim, exchange.call)
        }
        return .json(
            DeleteAnswer(
                id: id, remainingClaims: dropped.remaining, erased: dropped.remaining == 0,
                receipt: dropped.receipt))
    }

    func listImages(_ exchange: Exchange) async throws -> Answer {
        let (query, after) = try await parsing(exchange) { () throws(RequestError) in
            let query = try ImageListQuery(query: exchange.query)
            return (query, try query.after?.row() ?? 0)
        }
        let page = try await verb { () async throws(VaultError) in
            try await vault.list(
                fitting: query.claim, after: after, limit: query.limit, exchange.call)
        }
        let next = page.next.flatMap { PageCursor(row: $0) }
        return Answer(
            type: MediaType.json,
            body: ImagePage(images: page.images.map { ImageAnswer($0) }, next: next).json)
    }

    /// The image and the claim that a request names.
    ///
    /// - Parameter takesTicket: whether the query may have one, which was looked at before.
    func target(
        _ id: String, takesTicket: Bool = false, _ exchange: Exchange
    ) async throws -> (ImageID, Claim) {
        try await parsing(exchange) { () throws(RequestError) in
            _ = try QueryString(
                exchange.query, allowed: takesTicket ? [ShownBearer.parameter] : [])
            return (try APIPath.imageID(id), try exchange.claim())
        }
    }
}

extension ImageAnswer {
    /// The image as its claim shows it.
    init(_ claimed: ClaimedImage) {
        let (image, body) = (claimed.image, claimed.body)
        self.init(
            id: image.image, type: image.type, width: image.width, height: image.height,
            received: ContentSummary(bytes: body.receivedBytes, sha256: body.receivedDigest),
            stored: ContentSummary(bytes: image.storedBytes, sha256: body.storedDigest),
            transformed: body.transformationNames, name: body.name, claim: body.claim,
            createdMicroseconds: body.createdMicroseconds, verdict: VerdictAnswer(image.verdict),
            quarantined: image.quarantinedMicroseconds != nil)
    }
}

extension InspectionAnswer {
    init(_ upload: InspectedUpload) {
        self.init(
            received: ContentSummary(bytes: upload.received.bytes, sha256: upload.received.digest),
            type: upload.type, width: upload.accepted?.width, height: upload.accepted?.height,
            storedBytes: upload.accepted?.storedBytes,
            transformed: upload.accepted?.transformed ?? [], verdict: upload.verdict,
            accepted: upload.accepted != nil)
    }
}
