// Erasures in bulk, on the images socket, and their receipts, on every socket.

import AsyncHTTPClient
import NIOHTTP1
package import VaultAPI
package import VaultFormat

extension VaultClient {
    /// Begins the erasure of all that an owner or a job claims; asking again under the same key begins nothing
    /// more.
    package func erase(
        _ query: ErasureQuery, key: IdempotencyKey? = nil
    ) async throws(ClientError) -> ErasureAnswer {
        try await answer(
            ErasureAnswer.self,
            to: exchange(.DELETE, APIPath.images + query.query, headers: HTTPHeaders(key)))
    }

    /// How far an erasure is now, with the signed note.
    package func receipt(_ id: ReceiptID) async throws(ClientError) -> ReceiptAnswer {
        try await answer(ReceiptAnswer.self, to: exchange(.GET, APIPath.receipt(id)))
    }

    package func receipts(_ page: PageQuery) async throws(ClientError) -> ReceiptListAnswer {
        try await answer(
            ReceiptListAnswer.self, to: exchange(.GET, APIPath.receipts + page.query))
    }
}
