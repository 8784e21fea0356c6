// The log's queries and subtrees in memory.

import Vault
import VaultFormat

extension MemoryRows {
    func events(
        _ filter: EventFilter, from: UInt64, below: UInt64, limit: Int
    ) throws(StorageError) -> [EventRow] {
        try faults.pass("filteredEvents")
        let rows = tables.events.lazy.filter { [tables] row in
            row.index >= from && row.index < below && filter.admits(row)
                && filter.lookups.allSatisfy { tables.lookups[$0]?.contains(row.index) == true }
        }
        return Array(rows.prefix(limit))
    }

    func indexes(since: Int64?, until: Int64?, size: UInt64) throws(StorageError) -> Range<UInt64> {
        try faults.pass("indexes")
        let timely = tables.events.filter {
            $0.index < size && $0.atMicroseconds >= since ?? .min
                && $0.atMicroseconds < until ?? .max
        }
        guard let first = timely.first, let last = timely.last else { return size..<size }
        return first.index..<last.index + 1
    }

    func contents(_ leaves: Range<UInt64>) throws(StorageError) -> [Digest256] {
        try faults.pass("contents")
        return zip(leaves, tables.events.drop { $0.index < leaves.lowerBound })
            .prefix { $0 == $1.index }.map(\.1.digest)
    }

    func subtrees(height: Int, _ places: Range<UInt64>) throws(StorageError) -> [Digest256] {
        try faults.pass("subtrees")
        let all = tables.subtrees[height] ?? []
        return Array(all.dropFirst(Int(places.lowerBound)).prefix(places.count))
    }

    func insertSubtree(
        height: Int, place: UInt64, _ root: Digest256
    ) throws(StorageError) {
        try faults.pass("insertSubtree")
        guard tables.subtrees[height, default: []].count == Int(place) else { throw .damaged }
        tables.subtrees[height, default: []].append(root)
    }

    func eraseEvents(
        _ indexes: Range<UInt64>, before microseconds: Int64
    ) throws(StorageError) -> Int {
        try faults.pass("eraseEvents")
        var count = 0
        for (place, row) in tables.events.enumerated()
        where indexes.contains(row.index) && row.atMicroseconds < microseconds
            && row.content != .erased && !row.action.isKept
        {
            tables.events[place] = EventRow(
                index: row.index, atMicroseconds: row.atMicroseconds, action: row.action,
                outcome: row.outcome, image: nil, digest: row.digest, content: .erased)
            for lookup in tables.lookups.keys { tables.lookups[lookup]?.remove(row.index) }
            count += 1
        }
        return count
    }

    func prunedEvents() throws(StorageError) -> UInt64 {
        try faults.pass("prunedEvents")
        return tables.prunedEvents
    }

    func setPrunedEvents(_ index: UInt64) throws(StorageError) {
        try faults.pass("setPrunedEvents")
        tables.prunedEvents = index
    }

    func deletePseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> Bool {
        try faults.pass("deletePseudonym")
        let before = tables.pseudonyms.count
        tables.pseudonyms.removeAll { $0.pseudonym == pseudonym }
        return tables.pseudonyms.count < before
    }

    func pseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> PseudonymRow? {
        try faults.pass("pseudonymOfID")
        return tables.pseudonyms.first { $0.pseudonym == pseudonym }
    }
}

extension EventFilter {
    /// Whether a row passes, but for ``lookups``.
    fileprivate func admits(_ row: EventRow) -> Bool {
        (image == nil || row.image == image && row.action != .readEnded)
            && (actions.isEmpty || actions.contains(row.action))
            && (outcome == nil || row.outcome == outcome)
            && row.atMicroseconds >= since ?? .min && row.atMicroseconds < until ?? .max
    }
}
