// The catalog on SQLite: the rules of every catalog, the settings that durability and erasure need,
// and what is said of a file that is no catalog of this vault.

import Foundation
import GRDB
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("SQLiteCatalog")
struct SQLiteCatalogTests {
    private let directory: TestDirectory
    private var path: String { directory("catalog.sqlite") }

    init() throws { directory = try TestDirectory() }

    @Test("the SQLite catalog keeps every rule", arguments: CatalogConformance.rules)
    func conformance(rule: CatalogConformance.Rule) throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        try rule.check(catalog)
        #expect(try catalog.integrityProblems() == [])
        try catalog.close()
    }

    @Test("a commit is flushed before it returns, in a new catalog and in one opened again")
    func synchronous() throws {
        let made = try SQLiteCatalog.create(at: path, vault: .test)
        #expect(try made.synchronousLevel() == 2)
        try made.close()
        let opened = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(try opened.synchronousLevel() == 2)
        try opened.close()
    }

    @Test("what was committed is there when the catalog is opened again")
    func durable() throws {
        let made = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        var image = rows.image()
        image.row = try made.transact { try $0.insertImage(image) }
        // Without closing: the process may have died.
        let opened = try SQLiteCatalog.open(at: path, vault: .test)
        #expect(try opened.image(image.image) == image)
    }

    @Test("a closed catalog is one file")
    func closed() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        let image = rows.image()
        _ = try catalog.transact { try $0.insertImage(image) }
        _ = try catalog.image(image.image)
        try catalog.close()
        let copy = directory("copy.sqlite")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let opened = try SQLiteCatalog.open(at: copy, vault: .test)
        #expect(try opened.image(image.image)?.blob == image.blob)
    }

    @Test("deleted wraps, bodies and rows are overwritten in the file")
    func secureDelete() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        var kept = rows.image()
        var images: [ImageRow] = []
        var references: [ReferenceRow] = []
        for number in 0..<40 {
            var image = rows.image()
            let reference = rows.reference(of: Int64(number + 1))
            image.row = try catalog.transact { writer in
                let row = try writer.insertImage(image)
                try writer.insertReference(reference)
                return row
            }
            images.append(image)
            references.append(reference)
        }
        kept.row = try catalog.transact { try $0.insertImage(kept) }
        for image in images {
            try catalog.transact { writer in
                let claim = ClaimIndex(owner: nil, job: nil)
                if let reference = try writer.reference(of: image.row, claim: claim) {
                    try writer.deleteReference(reference)
                }
                try writer.deleteImage(image)
            }
        }
        try catalog.close()
        let file = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(file.range(of: Data(kept.key.bytes)) != nil)
        for (image, reference) in zip(images, references) {
            for bytes in [
                image.key.bytes, reference.key.bytes, image.image.bytes, image.blob.bytes,
                Array(reference.sealedBody.prefix(32)), Array(reference.sealedBody.suffix(32)),
            ] {
                #expect(file.range(of: Data(bytes)) == nil)
            }
        }
    }

    // MARK: Files that are no catalog of this vault

    /// Why the file is not opened, or not made.
    private func refusal(of vault: VaultID = .test, making: Bool = false) -> CatalogError? {
        do {
            _ =
                making
                ? try SQLiteCatalog.create(at: path, vault: vault)
                : try SQLiteCatalog.open(at: path, vault: vault)
            return nil
        } catch let error as CatalogError {
            return error
        } catch {
            Issue.record("\(error) is no CatalogError")
            return nil
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        for suffix in ["-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: path + suffix)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test("a catalog is not made over another file")
    func exists() throws {
        try write([])
        #expect(refusal(making: true) == .exists)
    }

    @Test("a catalog that is missing is not made by opening it")
    func missing() {
        #expect(refusal() == .missing)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("another vault's catalog is refused, and stays that vault's")
    func anotherVault() throws {
        try SQLiteCatalog.create(at: path, vault: .test).close()
        #expect(refusal(of: VaultID(checked: [UInt8](repeating: 8, count: 16))) == .anotherVault)
        #expect(refusal() == nil)
    }

    @Test("a file that is no database is unusable", arguments: [0, 1, 16, 99, 100, 4096, 20_000])
    func noDatabase(bytes: Int) throws {
        var random = SeededRandom()
        try write(random.bytes(bytes))
        #expect(refusal() == .unusable(.damaged))
    }

    @Test("a directory in the catalog's place is unusable")
    func directoryInPlace() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        guard case .unusable(.unavailable)? = refusal() else {
            Issue.record("a directory was opened")
            return
        }
    }

    @Test("another program's database is unusable, and gets no tables")
    func anotherDatabase() throws {
        try RawCatalog.change(path) { try $0.execute(sql: "CREATE TABLE cat (name TEXT)") }
        #expect(refusal() == .unusable(.damaged))
        let tables = try RawCatalog.open(path).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
        }
        #expect(tables == 1)
    }

    @Test("a database without a catalog's number is unusable")
    func noApplicationID() throws {
        try SQLiteCatalog.create(at: path, vault: .test).close()
        try RawCatalog.change(path) { try $0.execute(sql: "PRAGMA application_id = 0") }
        #expect(refusal() == .unusable(.damaged))
    }

    @Test("a catalog without its log's row is no vault's")
    func noLogRow() throws {
        try SQLiteCatalog.create(at: path, vault: .test).close()
        try RawCatalog.change(path) { try $0.execute(sql: "DELETE FROM log") }
        #expect(refusal() == .anotherVault)
    }

    @Test("a catalog that was cut short is refused when it is opened or read, wherever it was cut")
    func truncated() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        try catalog.transact { writer in
            for index in 0..<60 {
                let row = try writer.insertImage(rows.image())
                try writer.insertReference(rows.reference(of: row, owner: rows.id()))
                try writer.append(rows.event(UInt64(index)))
            }
        }
        let whole = try CatalogState(catalog)
        try catalog.close()
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        let pages = bytes.count / 4096
        try #require(pages > 15)
        for cut in [100, 2000, 4096, 5000] + (2..<pages).map({ $0 * 4096 }) {
            try write(Array(bytes.prefix(cut)))
            do {
                let opened = try SQLiteCatalog.open(at: path, vault: .test)
                let state = try CatalogState(opened)
                // The last page may hold nothing that is asked for; then integrity tells.
                #expect(state != whole || cut > bytes.count - 8192, "cut to \(cut)")
                #expect(try !opened.integrityProblems().isEmpty, "cut to \(cut)")
            } catch let error as CatalogError {
                #expect(error == .unusable(.damaged), "cut to \(cut)")
            } catch let error as StorageError {
                #expect(error == .damaged, "cut to \(cut)")
            } catch let error as DatabaseError {
                #expect(error.resultCode == .SQLITE_CORRUPT, "cut to \(cut)")
            }
        }
    }

    @Test(
        "flipped bytes in the file are never a trap: damage, or a state that SQLite can still read")
    func flippedBytes() throws {
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        var rows = TestRows()
        try catalog.transact { writer in
            for index in 0..<30 {
                let row = try writer.insertImage(rows.image())
                try writer.insertReference(rows.reference(of: row))
                try writer.append(rows.event(UInt64(index), image: rows.id()))
            }
        }
        try catalog.close()
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        var random = SeededRandom()
        var refused = 0
        for _ in 0..<300 {
            var changed = bytes
            for _ in 0..<20 {
                changed[Int.random(in: 100..<bytes.count, using: &random)] = random.bytes(1)[0]
            }
            try write(changed)
            do {
                let opened = try SQLiteCatalog.open(at: path, vault: .test)
                _ = try CatalogState(opened)
            } catch is CatalogError {
                refused += 1
            } catch let error as StorageError {
                refused += error == .damaged ? 1 : 0
            }
        }
        #expect(refused > 30)
    }
}
