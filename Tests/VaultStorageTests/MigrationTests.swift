// Catalogs that an earlier version made: opening one brings it forward, and keeps every row.

import Foundation
import GRDB
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Catalogs of earlier versions")
struct MigrationTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    /// The last one is what a vault had that took a branch with the slots' proofs before operations.
    static let states = [
        [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [1, 2, 4],
    ]

    @Test("each is brought forward, with its rows, to what a new one is", arguments: states)
    func forward(applied: [Int]) throws {
        let fresh = directory("fresh.sqlite")
        let state = try make(fresh)
        let old = directory("old.sqlite")
        try makeOld(old, applied: applied, rowsOf: fresh)
        let opened = try SQLiteCatalog.open(at: old, vault: .test)
        #expect(try CatalogState(opened) == state)
        #expect(try opened.integrityProblems() == [])
        try opened.close()
        #expect(try RawCatalog.tables(of: old) == RawCatalog.tables(of: fresh))
        // Opened once more it stays as it is.
        let again = try SQLiteCatalog.open(at: old, vault: .test)
        #expect(try CatalogState(again) == state)
        try again.close()
        #expect(try Set(RawCatalog.names(in: old)) == Set(RawCatalog.names(in: fresh)))
    }

    @Test("one that was brought forward keeps every rule of a catalog", arguments: states)
    func rules(applied: [Int]) throws {
        let fresh = directory("fresh.sqlite")
        try SQLiteCatalog.create(at: fresh, vault: .test).close()
        for (number, rule) in CatalogConformance.rules.enumerated() {
            let old = directory("old\(number).sqlite")
            try makeOld(old, applied: applied, rowsOf: fresh)
            let opened = try SQLiteCatalog.open(at: old, vault: .test)
            try rule.check(opened)
            try opened.close()
        }
    }

    @Test("a migration that stops halfway leaves the catalog as it was")
    func interrupted() throws {
        let fresh = directory("fresh.sqlite")
        let state = try make(fresh)
        let old = directory("old.sqlite")
        try makeOld(old, applied: [1, 2], rowsOf: fresh)
        // In the way of the last table of the third migration.
        try RawCatalog.change(old) { try $0.execute(sql: "CREATE TABLE approval (x)") }
        let before = try RawCatalog.tables(of: old)
        #expect(throws: CatalogError.unusable(.damaged)) {
            _ = try SQLiteCatalog.open(at: old, vault: .test)
        }
        #expect(try RawCatalog.tables(of: old) == before)
        try RawCatalog.change(old) { try $0.execute(sql: "DROP TABLE approval") }
        let opened = try SQLiteCatalog.open(at: old, vault: .test)
        #expect(try CatalogState(opened) == state)
    }

    @Test("a new catalog is made by the migrations that were ever stored, in their order")
    func order() throws {
        let fresh = directory("fresh.sqlite")
        try SQLiteCatalog.create(at: fresh, vault: .test).close()
        let stored = StoredSchema.migrations.map(\.name)
        // Whoever adds one adds it to those that are stored: none is ever renamed, moved or taken away.
        #expect(try RawCatalog.names(in: fresh) == stored)
    }

    // MARK: Files

    /// A new catalog with a row of each kind that the first version had.
    private func make(_ path: String) throws -> CatalogState {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        try catalog.transact { writer in
            for index in 0..<5 {
                let row = try writer.insertImage(rows.image())
                try writer.insertReference(rows.reference(of: row, owner: rows.id()))
                try writer.append(rows.event(UInt64(index), image: rows.id()))
            }
        }
        defer { try? catalog.close() }
        return try CatalogState(catalog)
    }

    /// A catalog of those migrations only, with the rows of a new one as far as it has room for them.
    private func makeOld(_ path: String, applied: [Int], rowsOf fresh: String) throws {
        try RawCatalog.change(path) { db in
            try db.execute(
                sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            for number in applied {
                let migration = StoredSchema.migrations[number - 1]
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [migration.name])
            }
            try db.execute(sql: "ATTACH DATABASE ? AS fresh", arguments: [fresh])
            for table in ["wrap", "image", "reference", "event", "log"] {
                let columns = try db.columns(in: table).map(\.name)
                // An epoch was kept as it is until the seventh migration.
                let values = columns.map { $0 == "epoch" ? "epoch - 4294967296" : $0 }
                try db.execute(
                    sql: """
                        INSERT INTO \(table) (\(columns.joined(separator: ", ")))
                            SELECT \(values.joined(separator: ", ")) FROM fresh.\(table)
                        """)
            }
            try db.execute(sql: "DETACH DATABASE fresh")
        }
    }
}
