// The rows of the log: events, what they are found by, the tree's subtrees, pseudonyms.

import GRDB
import Vault
import VaultFormat

extension SQLiteRows {
    private static let eventColumns = """
        event.id, event.at, event.action, event.outcome, event.image, event.digest, event.sealed,
        event.content
        """

    func events(from: UInt64, limit: Int) throws(StorageError) -> [EventRow] {
        try all(
            "SELECT \(Self.eventColumns) FROM event WHERE id >= ? ORDER BY id LIMIT ?",
            [Int64(clamping: from), limit]
        ) { row throws in try EventRow(row) }
    }

    func eventCount(
        _ action: EventAction, _ outcome: EventOutcome
    ) throws(StorageError) -> Int {
        try first(
            "SELECT count(*) FROM event WHERE action = ? AND outcome = ?",
            [Int64(action.rawValue), Int64(outcome.rawValue)]
        ) { row throws in try value(row, 0) as Int } ?? 0
    }

    func pseudonym(
        of kind: Pseudonym.Kind, at index: BlindIndex
    ) throws(StorageError) -> PseudonymRow? {
        try first(
            """
            SELECT pseudonym, sealed FROM pseudonym LEFT JOIN name ON name.id = pseudonym.name
            WHERE kind = ? AND lookup = ?
            """,
            [Int64(kind.rawValue), index.bytes]
        ) { row throws in
            PseudonymRow(
                pseudonym: try Pseudonym(bytes: bytes(row, 0)), kind: kind,
                index: index, sealedName: try bytes(row, 1))
        }
    }

    func events(
        _ filter: EventFilter, from: UInt64, below: UInt64, limit: Int
    ) throws(StorageError) -> [EventRow] {
        let query = EventQuery(
            filter, Int64(clamping: from)..<Int64(clamping: max(from, below)), limit)
        return try all(
            "SELECT \(Self.eventColumns) \(query.sql)", Bindings(query.values)
        ) { row throws in try EventRow(row) }
    }

    func indexes(since: Int64?, until: Int64?, size: UInt64) throws(StorageError) -> Range<UInt64> {
        // What is in no complete subtree yet is looked at in any case.
        let whole = size >> 8
        let bounds = try first(
            """
            SELECT min(place), max(place) FROM subtree
            WHERE height = 8 AND place >= 0 AND place < ? AND last >= ? AND first < ?
            """, [Int64(clamping: whole), since ?? .min, until ?? .max]
        ) { row throws -> ClosedRange<Int64>? in
            if row.isNull(0) { return nil }
            return try value(row, 0)...value(row, 1)
        }
        let tail = whole << 8..<size
        let blocks = (bounds ?? nil).map {
            UInt64($0.lowerBound) << 8..<(UInt64($0.upperBound) + 1) << 8
        }
        // In the blocks at both ends stand events of other times too.
        let first = try edge(since, until, [blocks, tail].compactMap { $0 }, "ASC")
        let last = try edge(since, until, [tail, blocks].compactMap { $0 }, "DESC")
        guard let first, let last else { return size..<size }
        return first..<last + 1
    }

    /// The first or the last event of that time in the first of these ranges that has one.
    private func edge(
        _ since: Int64?, _ until: Int64?, _ ranges: [Range<UInt64>], _ direction: String
    ) throws(StorageError) -> UInt64? {
        for range in ranges {
            let found = try first(
                """
                SELECT id FROM event WHERE id >= ? AND id < ? AND at >= ? AND at < ?
                ORDER BY id \(direction) LIMIT 1
                """,
                [
                    Int64(clamping: range.lowerBound), Int64(clamping: range.upperBound),
                    since ?? .min, until ?? .max,
                ]
            ) { row throws in try value(row, 0) as UInt64 }
            if let found { return found }
        }
        return nil
    }

    func contents(_ leaves: Range<UInt64>) throws(StorageError) -> [Digest256] {
        try hashes(
            "SELECT digest, id FROM event WHERE id >= ? AND id < ? ORDER BY id", [], leaves)
    }

    func subtrees(height: Int, _ places: Range<UInt64>) throws(StorageError) -> [Digest256] {
        try hashes(
            """
            SELECT hash, place FROM subtree
            WHERE height = ? AND place >= ? AND place < ? ORDER BY place
            """, [height], places)
    }

    /// Hashes in order, up to the first that is missing.
    private func hashes(
        _ sql: String, _ values: [any ColumnValue], _ places: Range<UInt64>
    ) throws(StorageError) -> [Digest256] {
        let bounds: [any ColumnValue] = [
            Int64(clamping: places.lowerBound), Int64(clamping: places.upperBound),
        ]
        let rows = try all(sql, Bindings(values + bounds)) { row throws in
            (try Digest256(bytes: bytes(row, 0)), try value(row, 1) as UInt64)
        }
        return zip(rows, places).prefix { $0.0.1 == $0.1 }.map(\.0.0)
    }

    func pseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> PseudonymRow? {
        try first(
            """
            SELECT kind, lookup, sealed FROM pseudonym LEFT JOIN name ON name.id = pseudonym.name
            WHERE pseudonym = ?
            """,
            [pseudonym.bytes]
        ) { row throws in
            guard let kind = Pseudonym.Kind(rawValue: try value(row, 0)) else {
                throw StorageError.damaged
            }
            return PseudonymRow(
                pseudonym: pseudonym, kind: kind, index: try BlindIndex(bytes: bytes(row, 1)),
                sealedName: try bytes(row, 2))
        }
    }

    func frontier() throws(StorageError) -> MerkleFrontier {
        let frontier = try first("SELECT size, frontier FROM log WHERE id = 1", []) { row throws in
            let packed: [UInt8] = try value(row, 1)
            return try MerkleFrontier(size: value(row, 0), packed: packed)
        }
        guard let frontier else { throw .damaged }
        return frontier
    }

    // MARK: Writing

    func append(_ event: EventRow, foundBy lookups: [BlindIndex]) throws(StorageError) {
        let (sealed, content) =
            switch event.content {
            case .sealed(let bytes): (1, bytes)
            case .clear(let bytes): (0, bytes)
            case .erased: (0, [])
            }
        try run(
            """
            INSERT INTO event (id, at, action, outcome, image, digest, sealed, content, lookups)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                Int64(clamping: event.index), event.atMicroseconds, Int64(event.action.rawValue),
                Int64(event.outcome.rawValue), event.image.map { $0.bytes },
                event.digest.bytes, sealed, content,
                lookups.flatMap(\.bytes),
            ])
        for lookup in lookups {
            try run(
                "INSERT OR IGNORE INTO event_lookup (lookup, event) VALUES (?, ?)",
                [lookup.bytes, Int64(clamping: event.index)])
        }
    }

    func insertSubtree(
        height: Int, place: UInt64, _ root: Digest256
    ) throws(StorageError) {
        // Only the lowest are asked for their times.
        let times =
            height == 8 ? "min(at), max(at) FROM event WHERE id BETWEEN ?4 AND ?4 + 255" : "0, 0"
        var values: [any ColumnValue] = [
            height, Int64(clamping: place), root.bytes,
        ]
        if height == 8 { values.append(Int64(clamping: place) << 8) }
        try run(
            """
            INSERT OR REPLACE INTO subtree (height, place, hash, first, last)
            SELECT ?1, ?2, ?3, \(times)
            """,
            Bindings(values))
    }

    func eraseEvents(
        _ indexes: Range<UInt64>, before microseconds: Int64
    ) throws(StorageError) -> Int {
        let kept = EventAction.allCases.filter(\.isKept).map { String($0.rawValue) }
        let which = """
            id >= ? AND id < ? AND at < ? AND action NOT IN (\(kept.joined(separator: ", ")))
                AND NOT (sealed = 0 AND content = zeroblob(length(content)))
            """
        let values: Bindings = [
            Int64(clamping: indexes.lowerBound), Int64(clamping: indexes.upperBound), microseconds,
        ]
        let found = try all("SELECT id, lookups FROM event WHERE \(which)", values) { row throws in
            (try value(row, 0) as Int64, try bytes(row, 1))
        }
        for (event, lookups) in found {
            for start in stride(from: 0, to: lookups.count, by: BlindIndex.byteCount) {
                try run(
                    "DELETE FROM event_lookup WHERE lookup = ? AND event = ?",
                    [
                        Array(lookups[start..<min(start + BlindIndex.byteCount, lookups.count)]),
                        event,
                    ])
            }
        }
        // A row that is as long as before is overwritten where it lies. SQLite keeps 0 and 1, and no other
        // number, in the same room; and NULL in less than bytes.
        try run(
            """
            UPDATE event SET sealed = 0, image = substr(zeroblob(32), 1, length(image)),
                content = zeroblob(length(content)), lookups = zeroblob(length(lookups))
            WHERE \(which)
            """, values)
        return found.count
    }

    func prunedEvents() throws(StorageError) -> UInt64 {
        try first("SELECT pruned FROM log WHERE id = 1", []) { row throws in
            try value(row, 0) as UInt64
        } ?? 0
    }

    func setPrunedEvents(_ index: UInt64) throws(StorageError) {
        try run("UPDATE log SET pruned = ? WHERE id = 1", [Int64(clamping: index)])
    }

    func deletePseudonym(_ pseudonym: Pseudonym) throws(StorageError) -> Bool {
        try run(
            """
            UPDATE name SET sealed = zeroblob(length(sealed))
            WHERE id = (SELECT name FROM pseudonym WHERE pseudonym = ?)
            """, [pseudonym.bytes])
        try run("DELETE FROM pseudonym WHERE pseudonym = ?", [pseudonym.bytes])
        return db.changesCount > 0
    }

    func insertPseudonym(_ row: PseudonymRow) throws(StorageError) {
        try run("INSERT INTO name (sealed) VALUES (?)", [row.sealedName])
        try run(
            "INSERT INTO pseudonym (pseudonym, kind, lookup, name) VALUES (?, ?, ?, ?)",
            [
                row.pseudonym.bytes, Int64(row.kind.rawValue), row.index.bytes,
                db.lastInsertedRowID,
            ])
    }

    func setFrontier(_ frontier: MerkleFrontier) throws(StorageError) {
        try run(
            "UPDATE log SET size = ?, frontier = ? WHERE id = 1",
            [Int64(clamping: frontier.size), frontier.packed])
    }
}

/// A filter as SQL: the index that finds fewest leads, and the rest is compared. Values are bound.
private struct EventQuery {
    private(set) var sql: String
    /// Bound in this order.
    private(set) var values: [any ColumnValue]

    init(_ filter: EventFilter, _ indexes: Range<Int64>, _ limit: Int) {
        let bounds: [any ColumnValue] = [indexes.lowerBound, indexes.upperBound]
        // Who called is in most events; an image, a refusal or a failure is in few.
        let isRare = filter.image != nil || filter.outcome ?? .done != .done
        let rest = Self.rest(of: filter, isRare ? filter.lookups[...] : filter.lookups.dropFirst())
        if let first = filter.lookups.first, !isRare {
            sql = """
                FROM event_lookup CROSS JOIN event ON event.id = event_lookup.event
                WHERE event_lookup.lookup = ? AND event_lookup.event >= ? AND event_lookup.event < ?
                \(rest.terms) ORDER BY event_lookup.event LIMIT ?
                """
            values = [first.bytes] + bounds + rest.values + [limit]
        } else if filter.actions.count > 1, !isRare {
            // So many of each action are looked at, and no event of another one.
            var one = filter
            let parts = filter.actions.map { action in
                one.actions = [action]
                return EventQuery(one, indexes, limit)
            }
            let union = parts.map { "SELECT * FROM (SELECT event.id AS id \($0.sql))" }
            sql = """
                FROM (\(union.joined(separator: " UNION ALL "))) AS found
                CROSS JOIN event ON event.id = found.id ORDER BY event.id LIMIT ?
                """
            values = parts.flatMap(\.values) + [limit]
        } else {
            sql = """
                FROM event \(Self.index(for: filter)) WHERE event.id >= ? AND event.id < ?
                \(rest.terms) ORDER BY event.id LIMIT ?
                """
            values = bounds + rest.values + [limit]
        }
    }

    /// The index with the fewest of them: refusals and failures are rare, readings are not.
    private static func index(for filter: EventFilter) -> String {
        if filter.image != nil { return "INDEXED BY event_image" }
        if let outcome = filter.outcome, outcome != .done { return "INDEXED BY event_outcome" }
        return filter.actions.count == 1 ? "INDEXED BY event_action" : ""
    }

    /// What else an event must be.
    private static func rest(
        of filter: EventFilter, _ lookups: ArraySlice<BlindIndex>
    ) -> (terms: String, values: [any ColumnValue]) {
        var terms = ""
        var values: [any ColumnValue] = []
        for other in lookups {
            terms += """
                 AND EXISTS (SELECT 1 FROM event_lookup AS other
                    WHERE other.lookup = ? AND other.event = event.id)
                """
            values.append(other.bytes)
        }
        if let image = filter.image {
            // What is erased has zeros there.
            terms += " AND event.image = ? AND event.image <> zeroblob(32) AND event.action <> 12"
            values.append(image.bytes)
        }
        if !filter.actions.isEmpty {
            let places = filter.actions.map { _ in "?" }.joined(separator: ", ")
            terms += " AND event.action IN (\(places))"
            values += filter.actions.map { Int64($0.rawValue) }
        }
        if let outcome = filter.outcome {
            terms += " AND event.outcome = ?" + (outcome == .done ? "" : " AND event.outcome <> 1")
            values.append(Int64(outcome.rawValue))
        }
        if let since = filter.since {
            terms += " AND event.at >= ?"
            values.append(since)
        }
        if let until = filter.until {
            terms += " AND event.at < ?"
            values.append(until)
        }
        return (terms, values)
    }
}
