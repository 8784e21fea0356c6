// images.sock: all that an owner or a job claims, erased. Every door: the receipts of erasures; at the door of
// images only those of the caller's namespace.

import HTTPTypes
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Answers a verb of erasures; nil for any other.
    func answerErasure(_ verb: Verb, _ exchange: Exchange) async throws -> Answer? {
        switch verb {
        case .eraseImages: return try await eraseImages(exchange)
        case .listReceipts: return try await listReceipts(exchange)
        case .readReceipt(let id): return try await readReceipt(id, exchange)
        default: return nil
        }
    }

    private func eraseImages(_ exchange: Exchange) async throws -> Answer {
        let (query, repeatable) = try await parsing(exchange) { () throws(RequestError) in
            (try ErasureQuery(query: exchange.query), try exchange.repeatable())
        }
        let told = try await verb { () async throws(VaultError) in
            try await vault.once(repeatable, exchange.action, exchange.call) {
                (place) async throws(VaultError) in
                try await vault.startErasure(of: query.claim, exchange.call, at: place) {
                    StoredAnswer(
                        status: 202,
                        json: ErasureAnswer(operation: OperationAnswer($0), receipt: $1))
                }
            }
        }
        return Answer(told)
    }

    private func listReceipts(_ exchange: Exchange) async throws -> Answer {
        let page = try await page(exchange) { (before, limit) async throws(VaultError) in
            try await vault.receipts(before: before, limit: limit, exchange.call)
        }
        return .json(
            ReceiptListAnswer(
                receipts: try page.receipts.map { try ReceiptAnswer($0, note: nil) },
                next: PageCursor(row: page.next)))
    }

    private func readReceipt(_ id: String, _ exchange: Exchange) async throws -> Answer {
        try await requireNoQuery(exchange)
        // What has not the form of a receipt's id is none.
        guard let id = try? ReceiptID(hex: id) else {
            throw try await refused(VaultError(.unknownReceipt), exchange)
        }
        let issued = try await verb { () async throws(VaultError) in
            try await vault.receipt(id, exchange.call)
        }
        return .json(try ReceiptAnswer(issued.receipt, note: issued.note))
    }
}
