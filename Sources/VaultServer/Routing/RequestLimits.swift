// At every door: who asks too much.

import HTTPTypes
import HummingbirdCore
import Vault
import VaultAPI
import VaultFormat

extension RequestHandler {
    /// Lets a request in, or says when it may come again. Its refusal is counted; that there are any is in the log
    /// before it is told.
    func requireRoom(_ limit: LimitClass, bytes: Int = 0, _ exchange: Exchange) async throws {
        let wait = try await verb { () async throws(VaultError) in
            try await vault.wait(
                for: exchange.principal?.name, limit, bytes: bytes, exchange.call)
        }
        if let wait { throw Refusal.tooMuch(wait) }
    }

    /// The same for an upload by the pace of its namespace.
    func requireUploadRoom(_ bytes: Int, _ exchange: Exchange) async throws {
        let wait = try await verb { () async throws(VaultError) in
            try await vault.wait(
                toUpload: bytes, of: exchange.principalName, within: exchange.quota, exchange.call)
        }
        if let wait { throw Refusal.tooMuch(wait) }
    }

    /// Whom the socket knows as nobody loses his connection too, when he asks too much.
    func requireRoomForStranger(_ exchange: inout Exchange) async throws {
        do {
            try await requireRoom(.open, exchange)
        } catch {
            exchange.hasUnreadBody = true
            throw error
        }
    }

    /// What an upload's head says that follows it: no more than is taken in at all.
    func announcedBytes(_ exchange: Exchange) -> Int {
        let most = vault.settings.policies[exchange.call.namespace].maxBytes
        return min(exchange.declaredBytes ?? 0, most)
    }

    /// Counts the bytes of an upload whose head did not say how long it is, also of one that broke off.
    func charge(_ bytes: Int, _ exchange: Exchange) {
        guard exchange.declaredBytes == nil else { return }
        vault.charge(bytes: bytes, to: exchange.principal?.name, .write, exchange.call)
        if exchange.action == .imagePut {
            vault.charge(bytes: bytes, within: exchange.quota, exchange.call)
        }
    }
}

extension Refusal {
    /// - Parameter wait: microseconds.
    static func tooMuch(_ wait: Int64) -> Refusal {
        var refusal = Refusal(error: VaultError(.rateLimited), detail: nil)
        refusal.retryAfterMilliseconds = Int(clamping: (wait + 999) / 1000)
        return refusal
    }
}

extension Exchange {
    /// Of whoever was admitted.
    var principalName: PrincipalName { principal?.name ?? PrincipalName(of: door) }

    /// What the head says that follows it.
    var declaredBytes: Int? { request.headers[.contentLength].flatMap { Int($0) } }
}

extension Verb {
    /// Not what a watchdog asks, nor what waits for an operation: that may be for long, and does nothing meanwhile.
    var takesTurn: Bool {
        if case .readOperation = self { return false }
        return limitClass != nil
    }

    /// Nil for what a watchdog asks: it costs nothing, and has to be answered.
    var limitClass: LimitClass? {
        switch self {
        case .health, .ready, .metrics: nil
        default: name?.limitClass ?? .open
        }
    }
}
