// What an erasure leaves in the catalog's files: nothing, in whatever order rows came, were rewrapped and went.

import Foundation
import GRDB
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Places of wrapped keys")
struct WrapPlaceTests {
    private let directory: TestDirectory

    init() throws { directory = try TestDirectory() }

    private var path: String { directory("catalog.sqlite") }

    private var files: [UInt8] {
        [path, path + "-wal"].flatMap { file in
            [UInt8](FileManager.default.contents(atPath: file) ?? Data())
        }
    }

    /// Images in the catalog, by their row.
    private struct Stored {
        var rows: [(image: ImageRow, reference: ReferenceRow)] = []
        /// Every wrap that is not in use any more.
        var gone: [[UInt8]] = []
    }

    private func insert(
        _ count: Int, _ stored: inout Stored, _ rows: inout TestRows, _ catalog: SQLiteCatalog
    ) throws {
        try catalog.transact { writer in
            for _ in 0..<count {
                var image = rows.image()
                image.row = try writer.insertImage(image)
                try writer.insertReference(rows.reference(of: image.row))
                let reference = try #require(
                    try writer.newestReference(
                        of: image.row, fitting: ClaimIndex(owner: nil, job: nil)))
                stored.rows.append((image, reference))
            }
        }
    }

    private func delete(_ place: Int, _ stored: inout Stored, _ catalog: SQLiteCatalog) throws {
        let (image, reference) = stored.rows.remove(at: place)
        try catalog.transact { writer in
            try writer.deleteReference(reference)
            try writer.deleteImage(image)
        }
        stored.gone += [image.key.bytes, reference.key.bytes]
    }

    private func rewrap(
        _ epoch: EpochNumber, _ stored: inout Stored, _ random: inout SeededRandom,
        _ catalog: SQLiteCatalog
    ) throws {
        try catalog.transact { writer in
            for owner in KeyOwner.allCases {
                let wraps = try writer.wraps(of: owner, after: 0, through: .max, limit: 1 << 20)
                let keys = wraps.map { wrap in
                    Rewrap(
                        old: wrap,
                        new: WrappedKey(
                            epoch: epoch, bytes: random.bytes(WrapContext.wrappedBytes)))
                }
                stored.gone += wraps.map(\.bytes)
                try writer.rewrap(keys)
                for (place, row) in stored.rows.enumerated() {
                    let number = owner == .blob ? row.image.row : row.reference.row
                    let key = keys.first { $0.old.row == number }
                    guard let key else { continue }
                    if owner == .blob {
                        stored.rows[place].image.key = key.new
                    } else {
                        stored.rows[place].reference.key = key.new
                    }
                }
            }
        }
    }

    @Test("after a purge no wrap that was replaced or taken away is in the files")
    func random() throws {
        var random = SeededRandom()
        var rows = TestRows()
        var stored = Stored()
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        defer { try? catalog.close() }
        var epoch: UInt32 = 1
        for _ in 0..<25 {
            try insert(Int.random(in: 1...60, using: &random), &stored, &rows, catalog)
            for _ in 0..<Int.random(in: 0...stored.rows.count / 2, using: &random) {
                try delete(Int.random(in: stored.rows.indices, using: &random), &stored, catalog)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                epoch += UInt32.random(in: 1...200, using: &random)
                try rewrap(EpochNumber(epoch), &stored, &random, catalog)
            }
        }
        // What is looked for was there: the log of older pages has it before the purge.
        let before = WrapSearch(stored.gone)
        #expect(before.found(in: files) > 0)
        #expect(try catalog.purge())
        let bytes = files
        #expect(before.found(in: bytes) == 0)
        let live = stored.rows.flatMap { [$0.image.key.bytes, $0.reference.key.bytes] }
        #expect(WrapSearch(live).found(in: bytes) == live.count)
        #expect(try catalog.census().values.reduce(0, +) == live.count)
        #expect(try catalog.integrityProblems() == [])
    }

    @Test("a place is used again, by one that comes after")
    func again() throws {
        var rows = TestRows()
        var stored = Stored()
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        try insert(5, &stored, &rows, catalog)
        let size = try RawCatalog.count("wrap", at: path)
        for _ in 0..<3 { try delete(0, &stored, catalog) }
        try insert(3, &stored, &rows, catalog)
        #expect(try RawCatalog.count("wrap", at: path) == size)
        #expect(try RawCatalog.count("wrap_free", at: path) == 0)
        #expect(try catalog.census() == [1: 10])
        for _ in 0..<5 { try delete(0, &stored, catalog) }
        #expect(try catalog.census() == [:])
        try catalog.close()
    }

    @Test("a place that somebody uses is not taken from them, though it is said to be free")
    func planted() throws {
        var rows = TestRows()
        var stored = Stored()
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        try insert(1, &stored, &rows, catalog)
        try catalog.close()
        try RawCatalog.change(path) { try $0.execute(sql: "INSERT INTO wrap_free VALUES (1)") }
        let again = try SQLiteCatalog.open(at: path, vault: .test)
        defer { try? again.close() }
        try insert(1, &stored, &rows, again)
        for (image, _) in stored.rows { #expect(try again.image(image.image)?.key == image.key) }
        #expect(try again.census() == [1: 4])
    }

    @Test("while somebody reads an older state it is not purged, and says so")
    func reader() throws {
        var rows = TestRows()
        var stored = Stored()
        let catalog = try SQLiteCatalog.create(at: path, vault: .test)
        defer { try? catalog.close() }
        try insert(2, &stored, &rows, catalog)
        let mark = WrapSearch([stored.rows[0].image.key.bytes])
        let (begun, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            _ = try? catalog.look { reader in
                _ = try reader.totals()
                begun.signal()
                ended.wait()
            }
            done.signal()
        }
        begun.wait()
        try delete(0, &stored, catalog)
        #expect(try !catalog.purge())
        #expect(mark.found(in: files) > 0)
        ended.signal()
        done.wait()
        #expect(try catalog.purge())
        #expect(mark.found(in: files) == 0)
    }
}
