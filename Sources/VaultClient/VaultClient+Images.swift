// The verbs of the images socket.

import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Stores a file's bytes under a claim. `type` is what to declare; nil lets the bytes decide.
    /// `onPiece` hears how many bytes were handed over, piece by piece.
    ///
    /// - Throws: ``ClientError``.
    package func put(
        _ file: UploadFile, name: FileName, claim: Claim = .unnamed, type: ImageType? = nil,
        onPiece: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(ClientError) -> ImageAnswer {
        var headers = Self.headers(claim)
        headers.add(name: HeaderName.contentType, value: type?.mediaType ?? MediaType.octets)
        headers.add(
            name: HeaderName.contentDisposition, value: ContentDisposition.field(for: name))
        let answer = try await exchange(
            .POST, APIPath.images, headers: headers,
            body: .stream(
                UploadPieces(file: file, onPiece: onPiece), length: .known(Int64(file.length))),
            seconds: Limits.clientUploadSeconds)
        return try await self.answer(ImageAnswer.self, to: answer)
    }

    /// Asks what storing a file would come to.
    ///
    /// - Throws: ``ClientError``.
    package func inspect(
        _ file: UploadFile, name: FileName
    ) async throws(ClientError) -> InspectionAnswer {
        var headers = HTTPHeaders()
        headers.add(name: HeaderName.contentType, value: MediaType.octets)
        headers.add(
            name: HeaderName.contentDisposition, value: ContentDisposition.field(for: name))
        let answer = try await exchange(
            .POST, APIPath.inspect, headers: headers,
            body: .stream(
                UploadPieces(file: file, onPiece: { _ in }), length: .known(Int64(file.length))),
            seconds: Limits.clientUploadSeconds)
        return try await self.answer(InspectionAnswer.self, to: answer)
    }

    /// Fetches an image piece by piece; `begin` hears its length in bytes before the first one.
    ///
    /// - Throws: ``ClientError``; ``ClientError/answerIncomplete(received:expected:)`` after the
    ///   last piece of a body that ended early.
    package func fetch(
        _ id: ImageID, claim: Claim = .unnamed, begin: (Int) throws(ClientError) -> Void = { _ in },
        piece: (ByteBuffer) throws(ClientError) -> Void
    ) async throws(ClientError) {
        let answer = try await exchange(.GET, APIPath.image(id), headers: Self.headers(claim))
        guard let field = answer.headers.first(name: HeaderName.contentLength),
            let expected = Int(field), expected >= 0
        else { throw .answerNotUnderstood(status: answer.status.code) }
        try begin(expected)
        var received = 0
        do {
            for try await bytes in answer.body {
                received += bytes.readableBytes
                guard received <= expected else { break }
                try piece(bytes)
            }
        } catch {
            let known = ClientError(error, socket: socket)
            guard case .connectionBroken = known else { throw known }
            throw .answerIncomplete(received: received, expected: expected)
        }
        guard received == expected else {
            throw .answerIncomplete(received: received, expected: expected)
        }
    }

    /// Fetches an image into a file that is there whole or not at all, for its owner's eyes.
    ///
    /// - Returns: its length in bytes.
    /// - Throws: ``ClientError``.
    @discardableResult
    package func download(
        _ id: ImageID, claim: Claim = .unnamed, to path: String,
        onPiece: (_ received: Int, _ expected: Int) -> Void = { _, _ in }
    ) async throws(ClientError) -> Int {
        let file = try DownloadFile(target: path)
        var expected = 0
        var received = 0
        try await fetch(id, claim: claim) { length in
            expected = length
        } piece: { bytes throws(ClientError) in
            try file.write(bytes)
            received += bytes.readableBytes
            onPiece(received, expected)
        }
        try file.keep()
        return received
    }

    package func metadata(
        _ id: ImageID, claim: Claim = .unnamed
    ) async throws(ClientError) -> ImageAnswer {
        let answer = try await exchange(.GET, APIPath.metadata(id), headers: Self.headers(claim))
        return try await self.answer(ImageAnswer.self, to: answer)
    }

    package func images(_ list: ImageListQuery) async throws(ClientError) -> ImagePage {
        let answer = try await exchange(.GET, APIPath.images + list.query)
        return try await self.answer(ImagePage.self, to: answer)
    }

    /// Drops one claim; the last one erases the image.
    package func delete(
        _ id: ImageID, claim: Claim = .unnamed
    ) async throws(ClientError) -> DeleteAnswer {
        let answer = try await exchange(.DELETE, APIPath.image(id), headers: Self.headers(claim))
        return try await self.answer(DeleteAnswer.self, to: answer)
    }

    static func headers(_ claim: Claim) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if let job = claim.job { headers.add(name: HeaderName.job, value: job.description) }
        if let owner = claim.owner { headers.add(name: HeaderName.owner, value: owner.description) }
        return headers
    }
}
