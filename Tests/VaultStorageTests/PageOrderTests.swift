// Pages come in the order of an index: what sorts looks at all rows for each page, and a list of a million
// claims would take as long as a million pages.

import Foundation
import GRDB
import GRDBSQLite
import Testing
import Vault
import VaultFormat
import VaultTestKit

@testable import VaultStorage

@Suite("Pages of the catalog")
struct PageOrderTests {
    private struct Page {
        let name: String
        let read: @Sendable (SQLiteRows) throws -> Void

        init(_ name: String, _ read: @escaping @Sendable (SQLiteRows) throws -> Void) {
            self.name = name
            self.read = read
        }
    }

    private static let pages: [Page] = {
        let index = BlindIndex(checked: [UInt8](repeating: 7, count: BlindIndex.byteCount))
        let claims = [
            ClaimIndex(owner: nil, job: nil), ClaimIndex(owner: index, job: nil),
            ClaimIndex(owner: nil, job: index), ClaimIndex(owner: index, job: index),
        ]
        let lists = claims.map { claim in
            Page("claims \(claim)") {
                _ = try $0.references(in: .standard, fitting: claim, after: 1, limit: 9)
            }
        }
        return lists + [
            Page("stored images") { _ = try $0.storedImages(after: 1, through: 99, limit: 9) },
            Page("stored claims") { _ = try $0.storedReferences(after: 1, through: 99, limit: 9) },
            Page("images") { _ = try $0.images(after: 1, through: 99, below: nil, limit: 9) },
            Page("wraps") { _ = try $0.wraps(of: .blob, after: 1, through: 99, limit: 9) },
            Page("events") { _ = try $0.events(from: 1, limit: 9) },
            Page("findings") { _ = try $0.findings(of: 1, after: 1, limit: 9) },
            Page("quarantined") { _ = try $0.quarantinedImages(after: 1, limit: 9) },
            Page("blobs") { _ = try $0.storedBlobs(after: nil, limit: 9) },
            Page("receipts") { _ = try $0.receipts(in: nil, before: 9, limit: 9) },
        ]
    }()

    @Test("none is sorted", arguments: pages.indices)
    func order(page: Int) throws {
        let directory = try TestDirectory()
        let path = directory("catalog.sqlite")
        try SQLiteCatalog.create(at: path, vault: .test).close()
        let queue = try DatabaseQueue(path: path)
        // Of a namespace that has most of a vault.
        try queue.write { db in
            try db.execute(sql: "INSERT INTO usage VALUES ('default', 1000000, 0)")
        }
        try queue.read { db in
            try Self.pages[page].read(SQLiteRows(db: db))
            #expect(Self.sorts(in: db) == 0, "\(Self.pages[page].name)")
        }
        // What would be counted, is.
        try queue.read { db in
            _ = try Row.fetchAll(
                db.cachedStatement(sql: "SELECT id FROM image ORDER BY bytes LIMIT 1"))
            #expect(Self.sorts(in: db) == 1)
        }
    }

    @Test("a small namespace's list does not look at the claims of others")
    func sparse() throws {
        let directory = try TestDirectory()
        let path = directory("catalog.sqlite")
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        let small = try NamespaceName("small")
        for index in 0..<600 {
            let image = rows.image(in: index % 200 == 0 ? small : .standard)
            try catalog.transact { writer in
                try writer.insertReference(rows.reference(of: try writer.insertImage(image)))
            }
        }
        try catalog.close()
        try DatabaseQueue(path: path).read { db in
            let every = ClaimIndex(owner: nil, job: nil)
            let page = try SQLiteRows(db: db)
                .references(in: small, fitting: every, after: 1, limit: 10)
            #expect(page.map(\.reference.row) == [201, 401])
            #expect(Self.steps(in: db) < 600)
        }
    }

    /// How many instructions the statements of a connection took.
    private static func steps(in db: Database) -> Int32 {
        counted(SQLITE_STMTSTATUS_VM_STEP, in: db)
    }

    /// How often the statements of a connection sorted.
    private static func sorts(in db: Database) -> Int32 {
        counted(SQLITE_STMTSTATUS_SORT, in: db)
    }

    private static func counted(_ what: Int32, in db: Database) -> Int32 {
        var sum: Int32 = 0
        var statement: SQLiteStatement?
        while true {
            unsafe statement = sqlite3_next_stmt(db.sqliteConnection, statement)
            guard let statement = unsafe statement else { return sum }
            sum += unsafe sqlite3_stmt_status(statement, what, 0)
        }
    }
}
