// Values that no vault writes, planted in every column with SQLite itself: each is damage when its
// row is read, never a trap and never a value that was made up.

import Foundation
import GRDB
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

/// A column, and values that are none of its own.
struct PlantedValue: Sendable, CustomTestStringConvertible {
    let table: String
    let column: String
    /// The value as SQL.
    let value: String

    var testDescription: String { "\(table).\(column) = \(value)" }

    /// Columns of 64-bit numbers, and the bounds that their types have.
    private static let numbers: [(table: String, column: String, outside: [String])] = [
        ("image", "type", ["0", "3", "256", "-1"]), ("image", "width", []),
        ("image", "height", []), ("image", "bytes", []),
        ("image", "level", ["0", "3", "300", "-1"]),
        ("image", "inspector", ["-1", "4294967296"]), ("image", "flags", ["-1", "65536"]),
        ("image", "created", []), ("image", "quarantined", []),
        ("operation", "kind", ["0", "99", "256", "-1"]), ("operation", "state", ["0", "7", "-1"]),
        ("operation", "creator", ["-1", "4294967296"]), ("operation", "created", []),
        ("operation", "cursor", []), ("operation", "last", []), ("operation", "updated", []),
        ("operation", "total", ["-1"]), ("operation", "done", ["-1"]),
        ("operation", "found", ["-1"]), ("operation", "failures", ["-1"]),
        ("operation", "changed", ["-1"]), ("image", "changed", ["-1"]),
        ("reference", "changed", ["-1"]),
        ("wrap", "epoch", ["0", "-1", "4294967296"]), ("event", "at", []),
        ("event", "action", ["0", "9", "256", "-1"]), ("event", "outcome", ["0", "4", "-1"]),
        ("event", "sealed", ["2", "-1"]), ("log", "size", ["-1", "0", "4"]),
    ]

    /// Columns of bytes: whether their length is fixed.
    private static let bytes: [(table: String, column: String, isFixed: Bool)] = [
        ("image", "image", true), ("image", "blob", true), ("image", "mac", true),
        ("reference", "reference", true), ("reference", "body", false), ("reference", "mac", true),
        ("reference", "owner", true), ("reference", "job", true), ("wrap", "wrapped", false),
        ("operation", "operation", true), ("operation", "parameters", false),
        ("operation", "mac", true), ("event", "digest", true), ("event", "content", false),
        ("log", "frontier", true),
    ]

    static let all: [PlantedValue] =
        numbers.flatMap { table, column, outside in
            (["NULL", "'text'", "x'01'", "x''"] + outside).map {
                PlantedValue(table: table, column: column, value: $0)
            }
        }
        + bytes.flatMap { table, column, isFixed in
            let wrong =
                ["NULL", "17", "1.5"] + (isFixed ? ["x'00'", "'text'", "zeroblob(63)"] : [])
            return wrong.map { PlantedValue(table: table, column: column, value: $0) }
        }
        + [
            "NULL", "x'ff'", "'nonsense'", "'trailer-data@'", "'trailer-data@-1'", "'@5'",
            "'trailer-data@1@2'", "'trailer-data@99999999999999999999'",
        ].map { PlantedValue(table: "image", column: "findings", value: $0) }
        + ["NULL", "17", "x'ff'", "'nonsense'"].map {
            PlantedValue(table: "operation", column: "failure", value: $0)
        }
        + [PlantedValue(table: "operation", column: "parameters", value: "zeroblob(256)")]
        + ["17", "x''", "x'00'", "'text'", "zeroblob(64)"].map {
            // Most events are about no image: NULL is theirs.
            PlantedValue(table: "event", column: "image", value: $0)
        }
        + ["NULL", "'text'", "99"].flatMap { value in
            ["image", "reference"].map {
                PlantedValue(table: $0, column: "wrap", value: value)
            }
        }
}

@Suite("Planted values")
struct PlantedValueTests {
    private let directory: TestDirectory
    private var path: String { directory("catalog.sqlite") }

    init() throws {
        directory = try TestDirectory()
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        try catalog.transact { writer in
            let row = try writer.insertImage(rows.image())
            try writer.insertReference(rows.reference(of: row, owner: rows.id(), job: rows.id()))
            var frontier = MerkleFrontier.empty
            for index in 0..<3 {
                try writer.append(rows.event(UInt64(index), image: rows.id()))
                frontier.append(rows.id()) { left, _ in left }
            }
            try writer.setFrontier(frontier)
            _ = try writer.insertOperation(rows.operation(.running))
        }
        try catalog.close()
        try RawCatalog.loosen(path)
    }

    @Test("the rows read before anything is planted")
    func sound() throws {
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        let state = try CatalogState(catalog)
        #expect((state.images.count, state.references.count, state.events.count) == (1, 1, 3))
        #expect(state.frontier.size == 3)
    }

    @Test("a value that is none of its column's is damage", arguments: PlantedValue.all)
    func damaged(planted: PlantedValue) throws {
        try RawCatalog.change(path) { db in
            let place = planted.table == "event" ? " WHERE id = 1" : ""
            try db.execute(
                sql: "UPDATE \(planted.table) SET \(planted.column) = \(planted.value)\(place)")
            #expect(db.changesCount > 0)
        }
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(throws: StorageError.damaged) { try CatalogState(catalog) }
    }

    @Test(
        "an image's row that does not parse is damage for every call that reads it",
        arguments: ["mac = NULL", "type = 'x'", "findings = NULL", "wrap = NULL"])
    func everyCall(change: String) throws {
        let id = try imageID()
        try RawCatalog.change(path) { try $0.execute(sql: "UPDATE image SET \(change)") }
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(throws: StorageError.damaged) { try catalog.image(id) }
        #expect(throws: StorageError.damaged) { try catalog.references() }
    }

    @Test(
        "a reference's row that does not parse is damage for every call that reads it",
        arguments: ["mac = NULL", "body = NULL", "reference = x'00'", "wrap = NULL"])
    func everyReferenceCall(change: String) throws {
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        let reference = try #require(try catalog.references().first)
        try RawCatalog.change(path) { try $0.execute(sql: "UPDATE reference SET \(change)") }
        #expect(throws: StorageError.damaged) {
            try catalog.reference(of: reference.imageRow, reference.claim)
        }
        #expect(throws: StorageError.damaged) {
            try catalog.look { reader in
                try reader.newestReference(of: reference.imageRow, fitting: reference.claim)
            }
        }
        #expect(throws: StorageError.damaged) { try catalog.references() }
    }

    @Test(
        "a vault's number that is no vault's number is refused at the door",
        arguments: ["NULL", "17", "'text'", "x''", "zeroblob(16)", "1.5"])
    func vaultNumber(value: String) throws {
        try RawCatalog.change(path) { try $0.execute(sql: "UPDATE log SET vault = \(value)") }
        #expect(throws: CatalogError.anotherVault) {
            try SQLiteCatalog.open(at: path, vault: .test)
        }
    }

    @Test(
        "totals of bytes that are no numbers are no trap", arguments: ["NULL", "'text'", "x'01'"])
    func totals(value: String) throws {
        try RawCatalog.change(path) { try $0.execute(sql: "UPDATE image SET bytes = \(value)") }
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        let totals = try? catalog.totals()
        #expect(totals == nil || totals?.images == 1)
    }

    @Test("a table that is gone is damage")
    func missingTable() throws {
        try RawCatalog.change(path) { try $0.execute(sql: "DROP TABLE event") }
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(throws: StorageError.damaged) { try catalog.events() }
    }

    private func imageID() throws -> ImageID {
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        defer { try? catalog.close() }
        return try #require(try CatalogState(catalog).images.first).image
    }
}
