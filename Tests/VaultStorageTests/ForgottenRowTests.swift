// What is erased of the log is in no file of the catalog, whatever SQLite moved before.

import Foundation
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Rows that are forgotten")
struct ForgottenRowTests {
    private let directory: TestDirectory
    private var path: String { directory("catalog.sqlite") }

    init() throws { directory = try TestDirectory() }

    /// Which of these stand in the catalog's files.
    private func left(_ secrets: [[UInt8]]) throws -> Int {
        var files = Data()
        for name in try FileManager.default.contentsOfDirectory(atPath: directory(""))
        where name.hasPrefix("catalog") {
            files += try Data(contentsOf: URL(fileURLWithPath: directory(name)))
        }
        return secrets.count { files.range(of: Data($0)) != nil }
    }

    @Test("a name is in no page, also where pages were split after it was written")
    func names() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        let made = (0..<2000).map { _ in rows.pseudonym(.actor, rows.id()) }
        for start in stride(from: 0, to: made.count, by: 20) {
            try catalog.transact { writer in
                for row in made[start..<start + 20] { try writer.insertPseudonym(row) }
            }
        }
        let gone = stride(from: 0, to: made.count, by: 10).map { made[$0] }
        #expect(try left(gone.map(\.sealedName)) == gone.count)
        let deleted = try catalog.transact { writer in
            try gone.filter { try writer.deletePseudonym($0.pseudonym) }.count
        }
        #expect(deleted == gone.count)
        #expect(try catalog.purge())
        #expect(try left(gone.map(\.sealedName)) == 0)
        try catalog.close()
    }

    @Test("a body is in no page, whichever events beside it went before")
    func bodies() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        let made = (0..<2000).map { index in
            rows.event(UInt64(index), image: index % 3 == 0 ? rows.id() : nil)
        }
        for start in stride(from: 0, to: made.count, by: 20) {
            try catalog.transact { writer in
                for row in made[start..<start + 20] {
                    try writer.append(row, foundBy: [rows.id(), rows.id()])
                }
            }
        }
        let contents = made.map { event -> [UInt8] in
            guard case .sealed(let bytes) = event.content else { return [] }
            return bytes
        }
        #expect(try left(Array(contents[0..<50])) == 50)
        // In an order that leaves pages half empty, if rows did shrink.
        for start in [1000, 400, 0, 1500, 200] as [UInt64] {
            let erased = try catalog.transact {
                try $0.eraseEvents(start..<start + 200, before: .max)
            }
            #expect(erased == 200)
        }
        #expect(try catalog.purge())
        let gone = [1000, 400, 0, 1500, 200].flatMap { contents[$0..<$0 + 200] }
        #expect(try left(gone) == 0)
        #expect(try catalog.integrityProblems().isEmpty)
        try catalog.close()
    }
}
