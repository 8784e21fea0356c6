// A bundle, made a piece at a time: the log as it was when it began, with a checkpoint of that moment.
// BundleFormat.

import VaultCrypto
package import VaultFormat

/// A bundle on its way out. Its event is durable.
package struct BundleExport: Sendable {
    private enum Part { case heading, items, checkpoint, ended }

    private let heading: BundleHeading
    private let note: String
    private let root: Digest256
    private let size: UInt64
    /// What the events shown have to pass; nil where the range is shown whole.
    private let filter: EventFilter?
    /// Sizes that no node reaches over, rising.
    private let known: [UInt64]
    private var part = Part.heading
    private var rowsLeft = true
    private var frontier = MerkleFrontier.empty

    init(
        heading: BundleHeading, filter: EventFilter?, known: [UInt64], note: String,
        root: Digest256, size: UInt64
    ) {
        self.heading = heading
        self.filter = filter
        self.known = Set(known).sorted()
        self.note = note
        self.root = root
        self.size = size
    }

    /// The bytes that come next; nil at the end. It blocks for as long as the rows take.
    ///
    /// - Throws: ``VaultError``: the bundle is cut short then, and has no checkpoint.
    package mutating func next(of vault: Vault) throws(VaultError) -> [UInt8]? {
        switch part {
        case .heading:
            part = .items
            return Array(heading.text.utf8)
        case .items where frontier.size == size:
            part = .checkpoint
            // Nothing is signed here that the rows do not come to.
            guard (frontier.root(hash: LogHash.node) ?? LogHash.empty) == root else {
                throw VaultError(.catalogDamaged)
            }
            return Array("\n\(note)".utf8)
        case .items:
            let keyring = try vault.keyring()
            var next = self
            let bytes = try vault.reading { (reader) throws(StorageError) in
                try next.items(reader, keyring)
            }
            // What did not open for want of keys is not erased.
            guard !keyring.isErased else { throw VaultError(.sealed) }
            self = next
            return bytes
        case .checkpoint, .ended:
            part = .ended
            return nil
        }
    }

    private mutating func items(
        _ reader: any CatalogReader, _ keyring: Keyring
    ) throws(StorageError) -> [UInt8] {
        var bytes: [UInt8] = []
        var tree = LogTree(reader)
        let range = heading.from..<heading.to
        guard frontier.size < range.upperBound, rowsLeft else {
            try fold(to: size, &tree, &bytes)
            return bytes
        }
        if filter == nil { try fold(to: range.lowerBound, &tree, &bytes) }
        let start = max(frontier.size, range.lowerBound)
        let rows = try reader.events(
            filter ?? EventFilter(), from: start, below: range.upperBound,
            limit: Limits.bundleEvents)
        rowsLeft = rows.count == Limits.bundleEvents
        for row in rows {
            // Where every row is shown, none may be missing.
            guard filter != nil || row.index == frontier.size else { throw .damaged }
            try fold(to: row.index, &tree, &bytes)
            append(row, keyring, &bytes)
        }
        guard filter != nil || rowsLeft || frontier.size == range.upperBound else { throw .damaged }
        return bytes
    }

    private mutating func append(_ row: EventRow, _ keyring: Keyring, _ bytes: inout [UInt8]) {
        let item: BundleItem
        if let opened = row.opened(keyring) {
            item = .event(
                salt: Array(opened.prefix(32)), content: row.digest, body: opened.dropFirst(32))
        } else {
            item = .erased(row.digest)
        }
        bytes += item.line
        frontier.append(LogHash.leaf(row.digest), hash: LogHash.node)
    }

    /// Nodes up to a leaf, and none over a size that has to be passed.
    private mutating func fold(
        to end: UInt64, _ tree: inout LogTree, _ bytes: inout [UInt8]
    ) throws(StorageError) {
        while frontier.size < end {
            let stop = known.first { $0 > frontier.size } ?? end
            for subtree in SubtreeCover(frontier.size..<min(stop, end)) {
                let hash = try tree.hash(of: subtree)
                bytes += BundleItem.node(height: subtree.height, hash).line
                frontier.append(hash, height: subtree.height, hash: LogHash.node)
            }
        }
    }
}

extension Vault {
    /// Begins a bundle of the log as it is now.
    ///
    /// - Parameter words: the query as the bundle's heading says it.
    /// - Throws: ``VaultError`` `sealed` or `log-key-sealed`; `unknown-index` for indexes behind the log's end.
    package func bundle(
        _ query: BundleQuery, words: String, _ call: Call
    ) async throws(VaultError) -> BundleExport {
        try await audited(.logExported, call) { () async throws(VaultError) in
            let keyring = try keyring()
            let filter = try filter(query.filter, call.namespace, keyring)
            return try await begin(
                query, words, filter, event(.logExported, call, image: query.filter.image))
        }
    }

    /// Begins a bundle of everything from an index on, for the vault's own schedule; nil where nothing is new.
    package func scheduledBundle(
        from index: UInt64
    ) async throws(VaultError) -> (bundle: BundleExport, to: UInt64)? {
        _ = try keyring()
        guard index < committer.frontier.size else { return nil }
        var query = BundleQuery()
        query.from = index
        query.to = committer.frontier.size
        query.known = [index]
        let event = Event(.logExported, atMicroseconds: clock.nowMicroseconds())
        return (try await begin(query, "", EventFilter(), event), query.to ?? 0)
    }

    private func begin(
        _ query: BundleQuery, _ words: String, _ filter: EventFilter, _ begun: Event
    ) async throws(VaultError) -> BundleExport {
        let frontier = committer.frontier
        let range = try range(of: query, frontier.size)
        guard (query.known.max() ?? 0) <= frontier.size else { throw VaultError(.unknownIndex) }
        let export = try export(
            range, at: frontier, known: query.known, words: query.filter.isOfTime ? nil : words,
            filter: filter)
        var event = begun
        event.indexes = range
        let names = query.filter.filterNames
        event.filters = names.isEmpty ? nil : names.joined(separator: " ")
        try await committer.record(event)
        return export
    }

    /// A bundle of a range, all of it, for a case. Its event is the case's.
    func bundle(
        of range: Range<UInt64>, at frontier: MerkleFrontier
    ) throws(VaultError) -> BundleExport {
        try export(range, at: frontier, known: [], words: nil, filter: nil)
    }

    /// - Parameters:
    ///   - words: the query as the heading says it, with `filter` in the catalog's words; nil for the whole range.
    private func export(
        _ range: Range<UInt64>, at frontier: MerkleFrontier, known: [UInt64], words: String?,
        filter: EventFilter?
    ) throws(VaultError) -> BundleExport {
        guard let signer = signers.current else { throw VaultError(.logKeySealed) }
        let root = frontier.root(hash: LogHash.node) ?? LogHash.empty
        let note = try failing { () throws(CryptoError) in
            try signer.note(size: frontier.size, root: root)
        }
        return BundleExport(
            heading: BundleHeading(
                vault: signer.vault, from: range.lowerBound, to: range.upperBound, query: words),
            filter: words == nil ? nil : filter, known: known, note: note, root: root,
            size: frontier.size)
    }

    private func range(
        of query: BundleQuery, _ size: UInt64
    ) throws(VaultError) -> Range<UInt64> {
        guard query.from <= size, query.to ?? size <= size else { throw VaultError(.unknownIndex) }
        let asked = query.from..<max(query.from, query.to ?? size)
        guard query.filter.since != nil || query.filter.until != nil else { return asked }
        let timely = try reading { (reader) throws(StorageError) in
            try reader.indexes(since: query.filter.since, until: query.filter.until, size: size)
        }
        return timely.clamped(to: asked)
    }

    /// A query as the catalog understands it.
    func filter(
        _ query: AuditQuery, _ namespace: NamespaceName, _ keyring: Keyring
    ) throws(VaultError) -> EventFilter {
        let namespace = query.namespace ?? namespace
        var filter = EventFilter()
        filter.image = query.image
        filter.actions = query.actions
        filter.outcome = query.outcome
        filter.since = query.since
        filter.until = query.until
        let claim = claimIndex(Claim(owner: query.owner, job: query.job), in: namespace, keyring)
        filter.lookups = claim.lookups
        if let ticket = query.ticket { filter.lookups.append(BlindIndex(ticket)) }
        if let token = query.token { filter.lookups.append(BlindIndex(token)) }
        if let pseudonym = query.pseudonym { filter.lookups.append(BlindIndex(pseudonym)) }
        for (kind, name) in [
            (Pseudonym.Kind.actor, query.actor?.description),
            (.client, query.client?.description),
        ] {
            guard let name else { continue }
            let index = keyring.blindIndex(.init(kind), name, in: namespace)
            let known = try reading { (reader) throws(StorageError) in
                try reader.pseudonym(of: kind, at: index)
            }
            // A name that nobody asserted finds nothing; its own index is no pseudonym's.
            filter.lookups.append(known.map { BlindIndex($0.pseudonym) } ?? index)
        }
        // The rarest leads: a user has most events.
        if let uid = query.uid { filter.lookups.append(keyring.lookup(uid: uid)) }
        return filter
    }
}
