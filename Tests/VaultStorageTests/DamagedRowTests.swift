// The damage matrix of rows: every column of image, reference and wrap, changed and swapped in the
// database itself. Each read is refused by its name; nobody gets another image, or another claim's
// words.

import Foundation
import GRDB
import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultStorage
import VaultTestKit

/// A change of the catalog's file, and what a reader of the first image is told.
///
/// The catalog holds two images, rows 1 and 2, each under one claim of `ann`, references 1 and 2.
/// Their wraps are 1 and 3, those of their references 2 and 4.
struct RowDamage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: ErrorCode
    let change: @Sendable (Database) throws -> Void

    private static func sql(_ text: String, _ code: ErrorCode) -> RowDamage {
        RowDamage(testDescription: text, code: code) { try $0.execute(sql: text) }
    }

    private static func set(_ table: String, _ what: String, _ code: ErrorCode) -> RowDamage {
        sql("UPDATE \(table) SET \(what) WHERE id = 1", code)
    }

    /// One bit of a column of bytes.
    private static func flip(
        _ table: String, _ column: String, row: Int = 1, at place: Int = 0, _ code: ErrorCode
    ) -> RowDamage {
        RowDamage(testDescription: "flip \(table).\(column) at \(place) of \(row)", code: code) {
            db in
            let found = try Data.fetchOne(
                db, sql: "SELECT \(column) FROM \(table) WHERE id = \(row)")
            var bytes = [UInt8](try #require(found))
            bytes[place] ^= 4
            try db.execute(
                sql: "UPDATE \(table) SET \(column) = ? WHERE id = \(row)",
                arguments: [Data(bytes)])
        }
    }

    /// A column exchanged between two rows.
    private static func swap(
        _ table: String, _ column: String, rows: (Int, Int) = (1, 2), _ code: ErrorCode
    ) -> RowDamage {
        let (one, two) = rows
        return RowDamage(testDescription: "swap \(table).\(column) of \(one), \(two)", code: code) {
            db in
            func value(_ row: Int) throws -> DatabaseValue? {
                try DatabaseValue.fetchOne(
                    db, sql: "SELECT \(column) FROM \(table) WHERE id = \(row)")
            }
            func set(_ row: Int, _ value: DatabaseValue?) throws {
                try db.execute(
                    sql: "UPDATE \(table) SET \(column) = ? WHERE id = \(row)",
                    arguments: [value])
            }
            let (first, second) = (try value(one), try value(two))
            // Unique columns: the first row steps aside.
            let isNumber = column == "id" || table == "reference"
            let aside = isNumber ? 99.databaseValue : Data([0]).databaseValue
            if ["id", "blob", "image"].contains(column) {
                try set(one, aside)
                try set(two, first)
                try db.execute(
                    sql: "UPDATE \(table) SET \(column) = ? WHERE \(column) = ?",
                    arguments: [second, aside])
            } else {
                try set(one, second)
                try set(two, first)
            }
        }
    }
}

extension RowDamage {
    static let ofImages: [RowDamage] = [
        set("image", "namespace = 'clinic'", .unknownImage),
        flip("image", "image", .unknownImage), flip("image", "blob", .rowDamaged),
        set("image", "type = 3 - type", .rowDamaged),
        set("image", "width = width + 1", .rowDamaged), set("image", "width = -1", .rowDamaged),
        set("image", "width = 1 << 40", .rowDamaged),
        set("image", "height = height + 1", .rowDamaged),
        set("image", "bytes = bytes + 1", .rowDamaged), set("image", "bytes = 0", .rowDamaged),
        set("image", "level = 2", .rowDamaged),
        set("image", "inspector = inspector + 1", .rowDamaged),
        set("image", "flags = flags + 1", .rowDamaged),
        set("image", "findings = 'trailer-data'", .rowDamaged),
        set("image", "created = created + 1", .rowDamaged),
        set("image", "changed = changed + 1", .rowDamaged),
        flip("image", "mac", .rowDamaged), flip("image", "mac", at: 15, .rowDamaged),
        // References point at the row's number: the image is there, and nobody claims it.
        set("image", "id = 77", .unknownImage),
        set("image", "wrap = 3", .wrapDamaged), set("image", "wrap = 2", .wrapDamaged),
        set("image", "wrap = 88", .catalogDamaged),
        swap("image", "id", .rowDamaged), swap("image", "image", .rowDamaged),
        swap("image", "blob", .rowDamaged), swap("image", "mac", .rowDamaged),
        swap("image", "wrap", .wrapDamaged),
        // Everything but the address is the other image's.
        sql(
            """
            UPDATE image SET blob = x'00' WHERE id = 1;
            UPDATE image SET (type, width, height, bytes, level, inspector, flags, findings, \
            created, wrap, changed, mac) = (SELECT type, width, height, bytes, level, inspector, \
            flags, findings, created, wrap, changed, mac FROM image WHERE id = 2) WHERE id = 1;
            CREATE TEMP TABLE kept AS SELECT blob FROM image WHERE id = 2;
            DELETE FROM image WHERE id = 2;
            UPDATE image SET blob = (SELECT blob FROM kept) WHERE id = 1;
            """, .rowDamaged),
    ]

    static let ofReferences: [RowDamage] = [
        flip("reference", "reference", .rowDamaged), flip("reference", "body", .rowDamaged),
        flip("reference", "body", at: 551, .rowDamaged),
        set("reference", "body = zeroblob(552)", .rowDamaged),
        set("reference", "body = substr(body, 2)", .rowDamaged),
        set("reference", "body = x''", .rowDamaged),
        set("reference", "changed = changed + 1", .rowDamaged),
        flip("reference", "mac", .rowDamaged),
        // A claim under another index is another's claim.
        flip("reference", "owner", .unknownImage), flip("reference", "job", .unknownImage),
        set("reference", "owner = x''", .unknownImage),
        set("reference", "wrap = 4", .wrapDamaged), set("reference", "wrap = 1", .wrapDamaged),
        set("reference", "wrap = 88", .catalogDamaged),
        swap("reference", "reference", .rowDamaged), swap("reference", "body", .rowDamaged),
        swap("reference", "mac", .rowDamaged), swap("reference", "wrap", .wrapDamaged),
        swap("reference", "image", .rowDamaged),
        sql(
            "DELETE FROM reference WHERE id = 2; UPDATE reference SET image = 2", .unknownImage),
        sql("DELETE FROM reference WHERE id = 1", .unknownImage),
        // A claim that was made on another image does not give this one.
        sql("DELETE FROM reference WHERE id = 1; UPDATE reference SET image = 1", .rowDamaged),
    ]

    static let ofWraps: [RowDamage] = [
        set("wrap", "epoch = epoch + 1", .wrapDamaged),
        set("wrap", "epoch = epoch + 4294967294", .wrapDamaged),
        // A place that nobody uses, and no epoch.
        set("wrap", "epoch = 4294967296", .catalogDamaged),
        set("wrap", "epoch = 1", .catalogDamaged),
        flip("wrap", "wrapped", .wrapDamaged), flip("wrap", "wrapped", at: 24, .wrapDamaged),
        flip("wrap", "wrapped", at: 71, .wrapDamaged),
        set("wrap", "wrapped = x''", .wrapDamaged),
        set("wrap", "wrapped = substr(wrapped, 2)", .wrapDamaged),
        set("wrap", "wrapped = CAST(wrapped || x'00' AS BLOB)", .wrapDamaged),
        flip("wrap", "wrapped", row: 2, .wrapDamaged),
        flip("wrap", "wrapped", row: 2, at: 71, .wrapDamaged),
        swap("wrap", "wrapped", rows: (1, 3), .wrapDamaged),
        swap("wrap", "wrapped", rows: (2, 4), .wrapDamaged),
        swap("wrap", "wrapped", rows: (1, 2), .wrapDamaged),
        sql("DELETE FROM wrap WHERE id = 1", .catalogDamaged),
        sql("DELETE FROM wrap WHERE id = 2", .catalogDamaged),
    ]
}

@Suite("Damaged rows")
struct DamagedRowTests {
    private let directory: TestDirectory
    private let blobs = MemoryBlobStore()
    private let keyring: Keyring
    private let first: ImageID
    private let second: ImageID
    private let stored: [ImageRow]
    private let ann: TestClaim
    private var copy: String { directory("copy.sqlite") }

    init() async throws {
        directory = try TestDirectory()
        keyring = try TestKeys.keyring()
        let catalog = try SQLiteCatalog.create(at: directory("sound.sqlite"), vault: .test)
        let test = try TestVault(catalog: catalog, blobs: blobs, keyring: keyring)
        ann = try TestClaim(owner: "ann", job: "7")
        stored = [
            try await test.put(TestImages.small, as: ann).image,
            try await test.put(TestImages.other, as: ann).image,
        ]
        (first, second) = (stored[0].image, stored[1].image)
        test.stop()
        try catalog.close()
    }

    /// A vault on a copy of the catalog that was changed.
    private func damaged(_ change: (Database) throws -> Void) throws -> TestVault {
        try RawCatalog.copy(of: directory("sound.sqlite"), to: copy, change)
        let catalog = try SQLiteCatalog.open(at: copy, vault: .test)
        return try TestVault(catalog: catalog, blobs: blobs, keyring: keyring)
    }

    @Test("what is not changed reads")
    func sound() async throws {
        let test = try damaged { _ in () }
        defer { test.stop() }
        #expect(try await test.get(first, as: ann) == TestImages.small)
        #expect(try await test.get(second, as: ann) == TestImages.other)
        #expect(try await test.list(as: ann).images.count == 2)
    }

    @Test(
        "each change of a row is refused by its name, and no wrong byte comes out",
        arguments: RowDamage.ofImages + RowDamage.ofReferences + RowDamage.ofWraps)
    func matrix(damage: RowDamage) async throws {
        let test = try damaged(damage.change)
        defer { test.stop() }
        let code = try await refusal { _ = try await test.get(first, as: ann) }
        #expect(code == damage.code)
        // Whatever else still reads is what was stored, under its own words.
        for (id, picture) in [(first, TestImages.small), (second, TestImages.other)] {
            for who in [ann, .unnamed, try TestClaim(owner: "ann")] {
                let bytes = try? await test.get(id, as: who)
                #expect(bytes == nil || bytes == picture)
                let body = try? await test.metadata(id, as: who).body
                #expect(body == nil || body?.storedDigest == LogHash.digest(picture))
            }
        }
        // Nor does a list show what was not stored.
        for who in [ann, .unnamed] {
            for shown in (try? await test.list(as: who).images) ?? [] {
                #expect(stored.contains { $0.mac == shown.image.mac && $0.says(shown.image) })
            }
        }
        try CatalogState.checkLog(of: test.catalog)
    }

    @Test("a damaged row cannot be deleted or claimed again: it is kept as evidence")
    func damagedStays() async throws {
        let flip = "UPDATE image SET width = width + 1 WHERE id = 1"
        let test = try damaged { try $0.execute(sql: flip) }
        defer { test.stop() }
        #expect(try await refusal { try await test.delete(first, as: ann) } == .rowDamaged)
        #expect(
            try await refusal { try await test.put(TestImages.small, as: ann) } == .rowDamaged)
        #expect(try test.catalog.totals().images == 2)
        #expect(blobs.names.count == 2)
    }

    @Test("a list that would show a damaged row is refused")
    func damagedList() async throws {
        let change = "UPDATE image SET width = width + 1 WHERE id = 2"
        let test = try damaged { try $0.execute(sql: change) }
        defer { test.stop() }
        #expect(try await refusal { _ = try await test.list(as: ann) } == .rowDamaged)
        #expect(try await test.list(as: ann, limit: 1).images.map(\.image.image) == [first])
    }

    @Test("a claim that was moved under another owner's index is refused to that owner")
    func movedClaim() async throws {
        let bob = keyring.blindIndex(.owner, "bob", in: .standard)
        let test = try damaged { db in
            try db.execute(
                sql: "UPDATE reference SET owner = ? WHERE id = 1", arguments: [Data(bob.bytes)])
        }
        defer { test.stop() }
        let who = try TestClaim(owner: "bob")
        #expect(try await refusal { _ = try await test.get(first, as: who) } == .rowDamaged)
        #expect(try await refusal { _ = try await test.list(as: who) } == .rowDamaged)
    }

    @Test("a row moved to another namespace is refused there")
    func movedNamespace() async throws {
        let move = "UPDATE image SET namespace = 'clinic' WHERE id = 1"
        let test = try damaged { try $0.execute(sql: move) }
        defer { test.stop() }
        let clinic = try TestClaim(in: TestKeys.clinic)
        #expect(try await refusal { _ = try await test.get(first, as: clinic) } == .rowDamaged)
        #expect(try await refusal { _ = try await test.list(as: clinic) } == .rowDamaged)
    }

    @Test(
        "a log whose frontier does not fit its size keeps the vault from starting",
        arguments: ["size = size + 1", "size = 0", "frontier = x''", "size = -1"])
    func frontier(change: String) throws {
        try RawCatalog.copy(of: directory("sound.sqlite"), to: copy) { db in
            try db.execute(sql: "UPDATE log SET \(change)")
        }
        let catalog = try SQLiteCatalog.open(at: copy, vault: .test)
        #expect(throws: StorageError.damaged) { try TestVault(catalog: catalog, blobs: blobs) }
    }
}

extension ImageRow {
    /// Whether another row says the same of its image.
    fileprivate func says(_ other: ImageRow) -> Bool {
        image == other.image && namespace == other.namespace && blob == other.blob
            && type == other.type && (width, height) == (other.width, other.height)
            && storedBytes == other.storedBytes && verdict == other.verdict
            && createdMicroseconds == other.createdMicroseconds
    }
}
