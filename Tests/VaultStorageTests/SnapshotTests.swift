// A copy of a catalog on SQLite: one state, in one file, that nothing outlives.

import Foundation
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("A snapshot of the catalog")
struct SnapshotTests {
    let folder: TemporaryDirectory
    let catalog: SQLiteCatalog
    let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("catalog.sqlite")
        catalog = try SQLiteCatalog.create(
            at: path, vault: VaultID(bytes: [UInt8](repeating: 3, count: 16)))
    }

    private var vault: VaultID {
        get throws { try VaultID(bytes: [UInt8](repeating: 3, count: 16)) }
    }

    private func whole(_ snapshot: any CatalogSnapshot) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < snapshot.bytes {
            bytes += try snapshot.read(
                at: bytes.count, count: min(7000, snapshot.bytes - bytes.count))
        }
        return bytes
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.root).sorted() }
    }

    private func attest(_ item: DoctorItem) throws {
        let row = AttestationRow(
            item: item, evidence: try Digest256(bytes: [UInt8](repeating: 1, count: 32)),
            evidenceBytes: 1, attester: 0, madeMicroseconds: 1, expiresMicroseconds: 2,
            mac: RowMAC(checked: [UInt8](repeating: 0, count: RowMAC.byteCount)))
        try catalog.write { (writer) throws(StorageError) in try writer.setAttestation(row) }
    }

    @Test("is the state of its moment, whatever is written later, and opens as a catalog")
    func moment() throws {
        try attest(.firewall)
        let snapshot = try catalog.snapshot()
        try attest(.penetrationTest)
        let rows = try snapshot.rows { (reader) throws(StorageError) in
            try reader.attestations().map(\.item)
        }
        #expect(rows == [.firewall])
        let bytes = try whole(snapshot)
        // SQLite's file format §1.3: it says of itself that it needs no write-ahead log.
        #expect(Array(bytes[18...19]) == [1, 1])
        let copy = folder.path("copy.sqlite")
        try Data(bytes).write(to: URL(filePath: copy))
        let opened = try SQLiteCatalog.open(at: copy, vault: vault)
        #expect(try opened.integrityProblems().isEmpty)
        let found = try opened.read { (reader) throws(StorageError) in
            try reader.attestations().map(\.item)
        }
        #expect(found == [.firewall])
        try opened.close()
    }

    @Test("has no name, so that nothing of it outlives the daemon")
    func nameless() throws {
        let snapshot = try catalog.snapshot()
        #expect(try names.allSatisfy { !$0.contains("snapshot") })
        #expect(try whole(snapshot).count == snapshot.bytes)
        #expect(throws: StorageError.damaged) {
            _ = try snapshot.read(at: snapshot.bytes - 1, count: 2)
        }
    }

    @Test("that was being made when the daemon ended goes at the next start, and nothing else does")
    func leftovers() throws {
        try catalog.close()
        for name in ["catalog.sqlite-snapshot-1a", "catalog.sqlite-snapshot-1a-journal"] {
            try Data([1]).write(to: URL(filePath: folder.path(name)))
        }
        try Data([1]).write(to: URL(filePath: folder.path("keep")))
        let again = try SQLiteCatalog.open(at: path, vault: vault)
        #expect(
            try names.filter { !$0.hasPrefix("catalog.sqlite-") } == ["catalog.sqlite", "keep"])
        #expect(try names.allSatisfy { !$0.contains("snapshot") })
        try again.close()
    }

    @Test("of a full disk is refused as full")
    func full() throws {
        // A directory that is gone stands for a disk that takes nothing.
        try FileManager.default.removeItem(atPath: folder.root)
        #expect(throws: StorageError.self) { _ = try catalog.snapshot() }
    }
}
