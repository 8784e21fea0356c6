// Reading the log. Reading it is an event too.

import VaultCrypto
package import VaultFormat

/// An event as an auditor gets it.
package struct AuditedEvent: Hashable, Sendable {
    package let index: UInt64
    /// One JSON object; nil where it cannot be opened.
    package let body: [UInt8]?
    package let isErased: Bool

    init(_ row: EventRow, _ keyring: Keyring?) {
        index = row.index
        body = row.body(keyring)
        isErased = row.content == .erased
    }
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
        _ query: AuditQuery = AuditQuery(), from: UInt64, limit: Int, _ call: Call
    ) async throws(VaultError) -> EventRowPage {
        try await audited(.logRead, call) { () async throws(VaultError) in
            let limit = min(max(limit, 1), Limits.pageRows)
            let filter = try filter(query, call)
            var event = event(.logRead, call, image: query.image)
            let names = query.filterNames
            event.filters = names.isEmpty ? nil : names.joined(separator: " ")
            try await committer.record(event)
            let size = committer.frontier.size
            let rows = try reading { (reader) throws(StorageError) in
                // Times are looked for where they can be.
                let timely = try filter.ofTime.map { (since, until) throws(StorageError) in
                    try reader.indexes(since: since, until: until, size: size)
                }
                let range = (timely ?? 0..<size).clamped(to: min(from, size)..<size)
                return try reader.events(
                    filter, from: range.lowerBound, below: range.upperBound, limit: limit)
            }
            let keyring = keyringIfUnsealed
            let end = rows.count < limit ? nil : rows.last.map { $0.index + 1 }
            return EventRowPage(
                events: rows.map { AuditedEvent($0, keyring) },
                next: end.flatMap { $0 < size ? $0 : nil }, size: size)
        }
    }

    /// - Throws: ``VaultError`` `sealed` for what only keys find.
    private func filter(
        _ query: AuditQuery, _ call: Call
    ) throws(VaultError) -> EventFilter {
        guard query != AuditQuery() else { return EventFilter() }
        return try filter(query, call.namespace, keyring())
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

extension Vault {
    /// A tile of the tree that the newest checkpoint signs.
    ///
    /// - Throws: ``VaultError`` `unknown-index` for one that the log does not reach.
    package func tile(_ tile: TilePath, _ call: Call) async throws(VaultError) -> [UInt8] {
        try await audited(.logRead, call) { () async throws(VaultError) in
            try await record(.logRead, call)
            let height = (tile.level ?? 0) * LogTree.step
            let nodes = height < 64 ? committer.frontier.size >> UInt64(height) : 0
            let first = tile.place << UInt64(LogTree.step)
            guard nodes >= first, nodes - first >= UInt64(tile.width) else {
                throw VaultError(.unknownIndex)
            }
            let places = first..<first + UInt64(tile.width)
            let hashes = try reading { (reader) throws(StorageError) in
                tile.level == nil
                    ? try reader.contents(places)
                    : try LogTree(reader).row(height: height, places)
            }
            guard hashes.count == tile.width else { throw VaultError(.catalogDamaged) }
            // An entry stands behind its length, two bytes.
            let prefix: [UInt8] = tile.level == nil ? [0, UInt8(Digest256.byteCount)] : []
            return hashes.flatMap { prefix + $0.bytes }
        }
    }
}

extension EventFilter {
    /// The times that it asks for, if it does.
    fileprivate var ofTime: (Int64?, Int64?)? {
        since == nil && until == nil ? nil : (since, until)
    }
}

extension Vault {
    /// The name behind a pseudonym. Who asks, for which one and why is in the log before it is told.
    ///
    /// - Throws: ``VaultError`` `not-permitted` to who may not, or `unknown-name`.
    package func name(
        of pseudonym: Pseudonym, reason: AdminNote, _ call: Call
    ) async throws(VaultError) -> (kind: Pseudonym.Kind, name: String) {
        try await audited(.nameResolved, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let row = try reading { (reader) throws(StorageError) in
                try reader.pseudonym(pseudonym)
            }
            guard let row else { throw VaultError(.unknownName) }
            let name: String
            do throws(CryptoError) {
                name = try keyring.openName(row.sealedName, row.kind, pseudonym)
            } catch {
                throw VaultError(error.code(orElse: .rowDamaged))
            }
            var event = event(.nameResolved, call)
            event.reason = reason.text
            event.pseudonym = pseudonym
            event.lookups = [BlindIndex(pseudonym)]
            try await committer.record(event)
            return (row.kind, name)
        }
    }
}

extension EventRow {
    /// Opens the body, and believes it only if it is what the tree holds.
    func body(_ keyring: Keyring?) -> [UInt8]? {
        opened(keyring).map { Array($0.dropFirst(32)) }
    }

    /// Salt and body, as ``body(_:)``.
    func opened(_ keyring: Keyring?) -> ArraySlice<UInt8>? {
        let saltAndBody: [UInt8]
        switch content {
        case .erased: return nil
        case .clear(let bytes): saltAndBody = bytes
        case .sealed(let bytes):
            guard let opened = try? keyring?.openEvent(bytes, index: index) else { return nil }
            saltAndBody = opened
        }
        guard saltAndBody.count > 32, LogHash.digest(saltAndBody) == digest else { return nil }
        return saltAndBody[...]
    }
}
