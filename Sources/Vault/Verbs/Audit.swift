// Reading the log. Reading it is an event too.

import VaultCrypto
import VaultFormat

/// An event as an auditor gets it.
package struct AuditedEvent: Hashable, Sendable {
    package let index: UInt64
    /// One JSON object; nil where it cannot be opened.
    package let body: [UInt8]?
}

/// A page of events and where the next begins.
package struct EventRowPage: Sendable {
    package let events: [AuditedEvent]
    package let next: UInt64?
    package let size: UInt64
}

extension Vault {
    /// - Parameters:
    ///   - from: the first index wanted.
    ///   - limit: 1 to ``Limits/pageRows``.
    package func events(
        from: UInt64, limit: Int, _ call: Call
    ) async throws(VaultError) -> EventRowPage {
        try await audited(.logRead, call) { () async throws(VaultError) in
            let limit = min(max(limit, 1), Limits.pageRows)
            try await committer.record(event(.logRead, call))
            let rows = try reading { (reader) throws(StorageError) in
                try reader.events(from: from, limit: limit)
            }
            let keyring = keyringIfUnsealed
            let size = committer.frontier.size
            let end = rows.last.map { $0.index + 1 }
            return EventRowPage(
                events: rows.map { AuditedEvent(index: $0.index, body: $0.body(keyring)) },
                next: end.flatMap { $0 < size ? $0 : nil }, size: size)
        }
    }

    /// The newest `count` events.
    package func newestEvents(
        _ count: Int, _ call: Call
    ) async throws(VaultError) -> EventRowPage {
        let size = committer.frontier.size
        let count = UInt64(min(max(count, 1), Limits.pageRows))
        return try await events(from: size - min(size, count), limit: Int(count), call)
    }

    /// A signed note of the log's size and root; nil while the log's key is not open.
    package func checkpoint(_ call: Call) async throws(VaultError) -> String? {
        try await record(.logRead, call)
        let frontier = committer.frontier
        return try? signers.current?.note(
            size: frontier.size, root: frontier.root(hash: LogHash.node) ?? LogHash.empty)
    }
}

extension EventRow {
    /// Opens the body, and believes it only if it is what the tree holds.
    func body(_ keyring: Keyring?) -> [UInt8]? {
        let saltAndBody: [UInt8]
        switch content {
        case .clear(let bytes): saltAndBody = bytes
        case .sealed(let bytes):
            guard let opened = try? keyring?.openEvent(bytes, index: index) else { return nil }
            saltAndBody = opened
        }
        guard saltAndBody.count > 32, LogHash.digest(saltAndBody) == digest else { return nil }
        return Array(saltAndBody.dropFirst(32))
    }
}
