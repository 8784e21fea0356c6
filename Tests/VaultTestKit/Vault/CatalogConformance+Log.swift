// The rules of the log and of transactions.

import Vault
import VaultCrypto
import VaultFormat

extension CatalogConformance {
    static let logRules = [
        Rule("an event comes back as it was appended", eventRoundTrip),
        Rule("events come in order of their index, from where they are asked for", eventPages),
        Rule("an index has one event", eventIsUnique),
        Rule("the frontier is what was set last", frontiers),
        Rule("a pseudonym is found by its kind and index, as it was inserted", pseudonyms),
        Rule("a name has one pseudonym, and a pseudonym one name", pseudonymIsUnique),
        Rule("a filter finds the events that pass it, page by page", filteredEvents),
        Rule("the indexes of a time are the first and the last event of it", indexesOfTime),
        Rule("hashes come in order, up to the first that is missing", hashes),
        Rule("an erased event keeps its leaf, and nothing finds it", erasedEvents),
        Rule("a pseudonym that is deleted names nobody, and its name gets another", deletedName),
        Rule("a slot has one proof, the last that was set, until it is deleted", slotProofs),
    ]

    static let transactionRules = [
        Rule("a transaction that throws leaves no trace", rollback),
        Rule(
            "what a transaction wrote is seen inside it, and outside when it has ended", isolation),
        Rule("a transaction that failed does not hinder the next", recovery),
        Rule("a transaction gives back its body's result", results),
        Rule("a read sees one state, whatever is written meanwhile", snapshot),
    ]

    private static func eventRoundTrip(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let events = [
            rows.event(0, image: rows.id()), rows.event(1), rows.event(2, isSealed: false),
            rows.event(UInt64(Int64.max)),
        ]
        try catalog.transact { writer in for event in events { try writer.append(event) } }
        try same(try catalog.events(), events)
    }

    private static func slotProofs(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let proofs = (0..<3).map { index in
            SlotProof(
                slot: rows.id(), provedMicroseconds: Int64(index) - 1, changedAt: UInt64(index),
                mac: RowMAC(checked: [UInt8](repeating: UInt8(index), count: 16)))
        }
        try same(try catalog.look { try $0.slotProofs() }, [])
        try catalog.transact { writer in for proof in proofs { try writer.setSlotProof(proof) } }
        let later = SlotProof(
            slot: proofs[1].slot, provedMicroseconds: 99, changedAt: 7, mac: proofs[1].mac)
        try catalog.transact { writer in
            try writer.setSlotProof(later)
            try writer.deleteSlotProof(of: proofs[0].slot)
            try writer.deleteSlotProof(of: rows.id())
        }
        let left = try catalog.look { try $0.slotProofs() }
        try same(Set(left), [later, proofs[2]])
    }

    private static func eventPages(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let events = (0..<10).map { rows.event($0) }
        try catalog.transact { writer in for event in events { try writer.append(event) } }
        for from in 0..<12 {
            let page = try catalog.look { try $0.events(from: UInt64(from), limit: 4) }
            try same(page, Array(events.dropFirst(from).prefix(4)))
        }
        try same(try catalog.events(from: .max), [])
    }

    private static func eventIsUnique(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let event = rows.event(5)
        try catalog.transact { try $0.append(event) }
        try refuses(StorageError.damaged) { try catalog.transact { try $0.append(rows.event(5)) } }
        try same(try catalog.events(), [event])
    }

    private static func frontiers(_ catalog: any Catalog) throws {
        var rows = TestRows()
        var frontier = MerkleFrontier.empty
        for _ in 0..<9 {
            frontier.append(rows.id(), hash: LogHash.node)
            let next = frontier
            try catalog.transact { try $0.setFrontier(next) }
            try same(try catalog.frontier(), next)
        }
    }

    private static func pseudonyms(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let index = rows.id(BlindIndex.self)
        for kind in Pseudonym.Kind.allCases {
            let row = rows.pseudonym(kind, index)
            try same(try catalog.look { try $0.pseudonym(of: kind, at: index) }, nil)
            try catalog.transact { try $0.insertPseudonym(row) }
            let found = try catalog.look { try $0.pseudonym(of: kind, at: index) }
            try same(found, .some(row))
            try same(try catalog.look { try $0.pseudonym(of: kind, at: rows.id()) }, nil)
        }
    }

    private static func pseudonymIsUnique(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let row = rows.pseudonym(.actor, rows.id())
        try catalog.transact { try $0.insertPseudonym(row) }
        try refuses(StorageError.damaged) {
            try catalog.transact { try $0.insertPseudonym(rows.pseudonym(.actor, row.index)) }
        }
        try refuses(StorageError.damaged) {
            try catalog.transact {
                try $0.insertPseudonym(rows.pseudonym(.agent, rows.id(), row.pseudonym))
            }
        }
    }

    /// Everything a writer can do, once.
    private static func doEverything(
        _ writer: any CatalogWriter, _ rows: inout TestRows, _ old: ImageRow, _ index: UInt64
    ) throws {
        let row = try writer.insertImage(rows.image())
        try writer.insertReference(rows.reference(of: row))
        let every = ClaimIndex(owner: nil, job: nil)
        while let reference = try writer.newestReference(of: old.row, fitting: every) {
            try writer.deleteReference(reference)
        }
        try writer.deleteImage(old)
        try writer.append(rows.event(index))
        try writer.insertPseudonym(rows.pseudonym(.actor, Self.someIndex))
        var frontier = try writer.frontier()
        frontier.append(rows.id(), hash: LogHash.node)
        try writer.setFrontier(frontier)
    }

    private static let someIndex = BlindIndex(checked: [UInt8](repeating: 7, count: 16))

    private static func withOneImage(
        _ catalog: any Catalog, _ rows: inout TestRows
    ) throws -> ImageRow {
        var image = rows.image()
        image.row = try catalog.transact { writer in
            let row = try writer.insertImage(image)
            try writer.insertReference(rows.reference(of: row))
            return row
        }
        return image
    }

    private static func rollback(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = try withOneImage(catalog, &rows)
        let before = try State(catalog)
        for error in [StorageError.full, .unavailable(5), .damaged] {
            try refuses(error) {
                try catalog.transact { writer in
                    try doEverything(writer, &rows, image, 0)
                    throw error
                }
            }
            // What follows a flush that may have failed waits for this.
            if error == .unavailable(5) { try catalog.reopen() }
            try same(try State(catalog), before)
            try same(try catalog.image(image.image), image)
        }
    }

    private static func isolation(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = try withOneImage(catalog, &rows)
        let before = try State(catalog)
        try catalog.transact { writer in
            try doEverything(writer, &rows, image, 0)
            try same(try writer.image(image.image, in: .standard), nil)
            try same(try writer.events(from: 0, limit: 9).count, 1)
            try same(try writer.totals().images, 1)
            try same(try writer.frontier().size, 1)
            try same(try State(catalog), before)
        }
        try require(try State(catalog) != before, "nothing was written")
        try same(try catalog.image(image.image), nil)
    }

    private static func recovery(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = try withOneImage(catalog, &rows)
        try refuses(StorageError.damaged) {
            try catalog.transact { writer in
                try writer.append(rows.event(0))
                _ = try writer.insertImage(rows.image(image.image))
            }
        }
        try catalog.transact { try doEverything($0, &rows, image, 0) }
        try same(try catalog.events().map(\.index), [0])
    }

    private static func results(_ catalog: any Catalog) throws {
        try same(try catalog.transact { _ in 17 }, 17)
        try same(try catalog.look { _ in "seventeen" }, "seventeen")
        try refuses(StorageError.full) {
            try catalog.look { _ in throw StorageError.full }
        }
    }

    private static func snapshot(_ catalog: any Catalog) throws {
        var rows = TestRows()
        let image = try withOneImage(catalog, &rows)
        try catalog.look { reader in
            try same(try reader.totals().images, 1)
            try catalog.transact { writer in
                try doEverything(writer, &rows, image, 0)
                _ = try writer.insertImage(rows.image())
            }
            try same(try reader.totals().images, 1)
            try same(try reader.image(image.image, in: .standard), image)
        }
        try same(try catalog.totals().images, 2)
    }

    /// All that a catalog says.
    private struct State: Equatable {
        let totals: CatalogTotals
        let census: [UInt32: Int]
        let references: [ReferenceRow]
        let events: [EventRow]
        let frontier: MerkleFrontier
        let pseudonym: PseudonymRow?

        init(_ catalog: any Catalog) throws {
            totals = try catalog.totals()
            census = try catalog.census()
            references = try catalog.references()
            events = try catalog.events()
            frontier = try catalog.frontier()
            pseudonym = try catalog.look { try $0.pseudonym(of: .actor, at: someIndex) }
        }
    }
}
