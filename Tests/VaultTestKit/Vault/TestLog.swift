// The log as a test reads it: bodies opened behind the vault's back.

import Foundation
import Vault
import VaultCrypto
import VaultFormat

/// An event's body, as far as tests look at it.
package struct LogLine: Decodable, Hashable, Sendable {
    package let index: UInt64
    package let action: String
    package let outcome: String
    package let code: String?
    package let finding: String?
    package let door: String?
    package let uid: UInt32?
    package let pid: UInt32?
    package let requestId: String?
    package let actor: String?
    package let client: String?
    package let agent: String?
    package let trace: String?
    package let namespace: String?
    package let image: String?
    package let reference: String?
    package let slot: String?
    package let generation: UInt64?
    package let keyFile: String?
    package let note: String?
    package let bytes: Int?
    package let offset: Int?
    package let durationUs: Int?
    package let verdict: String?
    package let inspector: UInt32?
    package let flags: String?
    package let findings: String?
    package let policy: String?
    package let epoch: UInt32?
    package let begunAt: UInt64?
    package let operation: String?
    package let work: String?
    package let items: Int?
    package let found: Int?
    package let failures: Int?
    package let approval: String?
    package let statement: String?
    package let backup: String?
    package let receipt: String?
    package let level: UInt8?
    package let escrow: String?
    package let hold: String?
    package let until: String?
    package let principal: String?
    package let token: String?
    package let ticket: String?
    package let scopes: String?
    package let item: String?
    package let rule: String?
    package let from: UInt64?
    package let to: UInt64?
    package let count: Int?
    package let filters: String?
    package let reason: String?
    package let incident: String?
    package let grade: String?
    package let alert: String?

    /// Action, outcome and code in one line, for comparing whole logs.
    package var summary: String {
        ([action, outcome] + [code, finding].compactMap { $0 }).joined(separator: " ")
    }
}

extension TestVault {
    /// Every event's body as text, of those that have one.
    package func bodies() throws -> [String] {
        try catalog.events().compactMap { event in
            let saltAndBody: [UInt8]
            switch event.content {
            case .erased: return nil
            case .clear(let bytes): saltAndBody = bytes
            case .sealed(let bytes):
                saltAndBody = try keyring.openEvent(bytes, index: event.index)
            }
            try same(LogHash.digest(saltAndBody), event.digest)
            return String(decoding: saltAndBody.dropFirst(32), as: UTF8.self)
        }
    }

    package func log() throws -> [LogLine] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try bodies().map { try decoder.decode(LogLine.self, from: Data($0.utf8)) }
    }

    /// The log once nothing waits any more: an event that is left to the next batch is durable when
    /// a later one is.
    package func settledLog() async throws -> [LogLine] {
        try await vault.recordService(.serviceStarted)
        return try log().dropLast()
    }
}
