// A catalog of each version that was shipped, with rows in each of its tables: all are there afterwards, as they were.

import Foundation
import GRDB
import Testing
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Rows of earlier versions")
struct MigratedRowTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    /// What a column that came later has in rows from before.
    private static let later: [String: DatabaseValue] = [
        "image.quarantined": 0.databaseValue, "reference.retention": 0.databaseValue,
        "finding.event": (-1).databaseValue, "event.lookups": Data().databaseValue,
        "log.pruned": 0.databaseValue,
    ]
    /// Tables of one row.
    private static let single = ["log", "purge"]
    /// Migrations that changed how rows lie: places for wraps, and names apart from pseudonyms.
    private static let (places, names) = (7, 10)

    @Test("every row of every version comes along", arguments: 1...StoredSchema.migrations.count)
    func rows(version: Int) throws {
        let path = directory("old.sqlite")
        try make(path, version)
        let before = try content(of: path)
        try SQLiteCatalog.open(at: path, vault: .test).close()
        let after = try content(of: path)

        let fresh = directory("fresh.sqlite")
        try SQLiteCatalog.create(at: fresh, vault: .test).close()
        #expect(try RawCatalog.tables(of: path) == RawCatalog.tables(of: fresh))
        for (table, old) in before {
            let new = try #require(after[table], "\(table) is gone")
            #expect(new.count == old.count, "\(table)")
            for (old, new) in zip(old, new) {
                expect(new, toBe: old, in: table, version, names: after["name"] ?? [])
            }
        }
        for (table, rows) in after where before[table] == nil {
            // What is told anew of rows that were there.
            let isFilled = table == "name" && before["pseudonym"] != nil || table == "usage"
            #expect(rows.isEmpty != isFilled, "\(table)")
        }
        if before["usage"] == nil {
            let counted = (after["usage"] ?? []).map {
                Int.fromDatabaseValue($0["images"] ?? .null) ?? 0
            }
            #expect(counted.reduce(0, +) == before["image"]?.count)
        }
    }

    @Test("a catalog that a later version brought forward is left alone")
    func newer() throws {
        let path = directory("newer.sqlite")
        try SQLiteCatalog.create(at: path, vault: .test).close()
        try RawCatalog.change(path) { db in
            try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 what is to come')")
            try db.execute(sql: "CREATE TABLE to_come (x)")
        }
        let before = try RawCatalog.tables(of: path)
        #expect(throws: CatalogError.newer) {
            _ = try SQLiteCatalog.open(at: path, vault: .test)
        }
        #expect(try RawCatalog.tables(of: path) == before)
        #expect(try RawCatalog.names(in: path).last == "99 what is to come")
    }

    // MARK: Rows

    private func expect(
        _ new: [String: DatabaseValue], toBe old: [String: DatabaseValue], in table: String,
        _ version: Int, names: [[String: DatabaseValue]]
    ) {
        for (column, value) in new {
            let place = "\(table).\(column)"
            switch (place, old[column]) {
            case ("wrap.epoch", let epoch?) where version < Self.places:
                let kept = Int64.fromDatabaseValue(epoch).map { $0 + 1 << 32 }
                #expect(Int64.fromDatabaseValue(value) == kept, "\(place)")
            case ("pseudonym.name", let name?) where version < Self.names:
                let row = names.first { $0["id"] == value }
                #expect(row?["sealed"] == name, "\(place)")
            case (_, let known?): #expect(value == known, "\(place)")
            case (_, nil): #expect(value == Self.later[place], "\(place)")
            }
        }
        #expect(Set(old.keys).isSubset(of: new.keys), "\(table)")
    }

    /// A catalog of the first so many migrations, and three rows in each table that may have them.
    private func make(_ path: String, _ version: Int) throws {
        try RawCatalog.change(path) { db in
            try db.execute(
                sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            for migration in StoredSchema.migrations.prefix(version) {
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [migration.name])
            }
            for table in try RawCatalog.tableNames(db) {
                for number in 1...(Self.single.contains(table) ? 1 : 3) {
                    try fill(table, number, db)
                }
            }
        }
    }

    private func fill(_ table: String, _ number: Int, _ db: Database) throws {
        let linked = try Set(db.foreignKeys(on: table).flatMap { $0.originColumns })
        let columns = try db.columns(in: table)
        let values = columns.enumerated().map { place, column -> DatabaseValue in
            let text = "\(table).\(column.name) \(number)"
            return switch column.type {
            case "INTEGER" where column.name == "id" || linked.contains(column.name):
                number.databaseValue
            case "INTEGER": (number * 100 + place).databaseValue
            case "BLOB" where text.hasPrefix("log.vault"):
                Data(VaultID.test.bytes).databaseValue
            case "BLOB": Data(text.utf8).databaseValue
            default: text.databaseValue
            }
        }
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try db.execute(
            sql: "INSERT INTO \(table) VALUES (\(marks))", arguments: StatementArguments(values))
    }

    /// Every row of every table, in the order of its first column, in which all are told apart.
    private func content(of path: String) throws -> [String: [[String: DatabaseValue]]] {
        try RawCatalog.open(path).read { db in
            var found: [String: [[String: DatabaseValue]]] = [:]
            for table in try RawCatalog.tableNames(db) {
                let rows = try Row.fetchAll(db, sql: "SELECT * FROM \(table) ORDER BY 1")
                found[table] = rows.map { row in
                    Dictionary(uniqueKeysWithValues: row.map { ($0, $1) })
                }
            }
            return found
        }
    }
}

extension RawCatalog {
    /// What every table and index was made of.
    static func tables(of path: String) throws -> [String] {
        try open(path).read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'grdb%' AND sql <> ''
                        ORDER BY sql
                    """)
        }
    }

    static func names(in path: String) throws -> [String] {
        try open(path).read { db in
            try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid")
        }
    }

    /// The vault's own.
    static func tableNames(_ db: Database) throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'grdb%'
                    AND name NOT LIKE 'sqlite%' ORDER BY name
                """)
    }
}
