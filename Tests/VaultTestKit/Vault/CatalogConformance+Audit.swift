// The rules of the log's queries, of its tree's rows, and of what is erased of it.

import Vault
import VaultCrypto
import VaultFormat

extension CatalogConformance {
    /// An event, and what finds it.
    private struct Found {
        let row: EventRow
        let lookups: [BlindIndex]
    }

    private static let lookups = (1...3).map {
        BlindIndex(checked: [UInt8](repeating: UInt8($0), count: 16))
    }

    private static func pick<T>(_ values: [T], _ random: inout SeededRandom) -> T {
        values[Int.random(in: values.indices, using: &random)]
    }

    private static func time(_ random: inout SeededRandom) -> Int64? {
        Bool.random(using: &random) ? .random(in: -50..<7100, using: &random) : nil
    }

    /// So many events of a few images, actions and times, which go back now and then.
    private static func fill(_ catalog: any Catalog, _ count: Int) throws -> [Found] {
        var rows = TestRows()
        var random = SeededRandom()
        let images: [ImageID?] = [nil, rows.id(), rows.id()]
        let events = (0..<count).map { index in
            let actions: [EventAction] = [.imagePut, .readBegun, .readEnded, .logErased]
            let made = rows.event(UInt64(index))
            return Found(
                row: EventRow(
                    index: made.index,
                    atMicroseconds: Int64(index * 10) - (index % 7 == 3 ? 25 : 0),
                    action: pick(actions, &random),
                    outcome: pick(EventOutcome.allCases, &random),
                    image: pick(images, &random), digest: made.digest,
                    content: made.content),
                lookups: lookups.filter { _ in Bool.random(using: &random) })
        }
        try catalog.transact { writer in
            for event in events { try writer.append(event.row, foundBy: event.lookups) }
            for place in 0..<UInt64(count >> 8) {
                try writer.insertSubtree(height: 8, place: place, rows.id())
            }
        }
        return events
    }

    private static func passes(_ event: Found, _ filter: EventFilter) -> Bool {
        let row = event.row
        return (filter.image == nil || row.image == filter.image && row.action != .readEnded)
            && filter.lookups.allSatisfy(event.lookups.contains)
            && (filter.actions.isEmpty || filter.actions.contains(row.action))
            && (filter.outcome == nil || filter.outcome == row.outcome)
            && row.atMicroseconds >= filter.since ?? .min
            && row.atMicroseconds < filter.until ?? .max
    }

    static func filteredEvents(_ catalog: any Catalog) throws {
        let events = try fill(catalog, 300)
        var random = SeededRandom()
        var filters = 0
        for _ in 0..<200 {
            var filter = EventFilter()
            if Bool.random(using: &random) { filter.image = events.compactMap(\.row.image).first }
            filter.lookups = lookups.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            filter.actions = [.imagePut, .readBegun, .logErased].filter { _ in
                Int.random(in: 0..<3, using: &random) == 0
            }
            filter.outcome = pick([nil, .done, .refused], &random)
            if Bool.random(using: &random) { filter.since = .random(in: 0..<3000, using: &random) }
            if Bool.random(using: &random) { filter.until = .random(in: 0..<3000, using: &random) }
            let below = UInt64.random(in: 0...300, using: &random)
            let wanted = events.filter { $0.row.index < below && passes($0, filter) }
            filters += wanted.isEmpty ? 0 : 1
            var found: [EventRow] = []
            var next: UInt64? = 0
            while let from = next {
                let page = try catalog.look {
                    try $0.events(filter, from: from, below: below, limit: 7)
                }
                found += page
                next = page.count < 7 ? nil : page.last.map { $0.index + 1 }
            }
            try same(found, wanted.map(\.row))
        }
        try require(filters > 50, "hardly any filter found anything")
    }

    static func indexesOfTime(_ catalog: any Catalog) throws {
        let events = try fill(catalog, 700)
        var random = SeededRandom()
        for _ in 0..<100 {
            let since = time(&random)
            let until = time(&random)
            let size = UInt64.random(in: 0...700, using: &random)
            let timely = events.map(\.row).filter {
                $0.index < size && $0.atMicroseconds >= since ?? .min
                    && $0.atMicroseconds < until ?? .max
            }
            let wanted = timely.first.map { $0.index..<(timely.last ?? $0).index + 1 }
            let found = try catalog.look {
                try $0.indexes(since: since, until: until, size: size)
            }
            try same(found, wanted ?? size..<size)
        }
    }

    static func hashes(_ catalog: any Catalog) throws {
        let events = try fill(catalog, 600)
        try same(
            try catalog.look { try $0.contents(250..<260) },
            events[250..<260].map(\.row.digest))
        try same(try catalog.look { try $0.contents(595..<900) }.count, 5)
        try same(try catalog.look { try $0.contents(600..<601) }, [])
        try same(try catalog.look { try $0.subtrees(height: 8, 0..<5) }.count, 2)
        try same(try catalog.look { try $0.subtrees(height: 8, 2..<5) }, [])
        try same(try catalog.look { try $0.subtrees(height: 16, 0..<5) }, [])
    }

    static func erasedEvents(_ catalog: any Catalog) throws {
        let events = try fill(catalog, 100)
        let gone = events.filter {
            (20..<60).contains($0.row.index) && $0.row.atMicroseconds < 500
                && !$0.row.action.isKept
        }
        let count = try catalog.transact { try $0.eraseEvents(20..<60, before: 500) }
        try same(count, gone.count)
        try same(try catalog.transact { try $0.eraseEvents(20..<60, before: 500) }, 0)
        let indexes = Set(gone.map(\.row.index))
        try same(
            try catalog.events(),
            events.map { event in
                guard indexes.contains(event.row.index) else { return event.row }
                return EventRow(
                    index: event.row.index, atMicroseconds: event.row.atMicroseconds,
                    action: event.row.action, outcome: event.row.outcome, image: nil,
                    digest: event.row.digest, content: .erased)
            })
        for lookup in lookups {
            var filter = EventFilter()
            filter.lookups = [lookup]
            let found = try catalog.look { try $0.events(filter, from: 0, below: 100, limit: 100) }
            try same(
                found.map(\.index),
                events.filter { $0.lookups.contains(lookup) && !indexes.contains($0.row.index) }
                    .map(\.row.index))
        }
        try same(try catalog.look { try $0.prunedEvents() }, 0)
        try catalog.transact { try $0.setPrunedEvents(60) }
        try same(try catalog.look { try $0.prunedEvents() }, 60)
    }

    static func deletedName(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let made = (0..<50).map { _ in rows.pseudonym(.actor, rows.id()) }
        try catalog.transact { writer in for row in made { try writer.insertPseudonym(row) } }
        try same(try catalog.look { try $0.pseudonym(made[7].pseudonym) }, .some(made[7]))
        try same(try catalog.transact { try $0.deletePseudonym(made[7].pseudonym) }, true)
        try same(try catalog.transact { try $0.deletePseudonym(made[7].pseudonym) }, false)
        try same(try catalog.look { try $0.pseudonym(made[7].pseudonym) }, nil)
        try same(try catalog.look { try $0.pseudonym(of: .actor, at: made[7].index) }, nil)
        for other in made where other != made[7] {
            try same(try catalog.look { try $0.pseudonym(other.pseudonym) }, .some(other))
        }
        let again = rows.pseudonym(.actor, made[7].index)
        try catalog.transact { try $0.insertPseudonym(again) }
        try same(try catalog.look { try $0.pseudonym(of: .actor, at: again.index) }, .some(again))
    }
}
