// Values that no vault writes, planted in every column with SQLite itself: each is damage when its
// row is read, never a trap and never a value that was made up.

import Foundation
import GRDB
import Testing
import Vault
import VaultFormat
import VaultStorage
import VaultTestKit

@Suite("Planted values")
struct PlantedValueTests {
    private let directory: TestDirectory
    private let planted: PlantedRows
    private var path: String { directory("catalog.sqlite") }

    init() throws {
        directory = try TestDirectory()
        let catalog = try SQLiteCatalog.create(at: directory("catalog.sqlite"), vault: .test)
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
        }
        planted = try PlantedRows(in: catalog, &rows)
        try catalog.close()
        try RawCatalog.loosen(path)
    }

    @Test("the rows read before anything is planted")
    func sound() throws {
        let catalog = try SQLiteCatalog.open(at: path, vault: .test)
        let state = try CatalogState(catalog)
        #expect((state.images.count, state.references.count, state.events.count) == (1, 1, 3))
        #expect(state.frontier.size == 3)
        #expect(try planted.found(in: catalog) == PlantedRows.count)
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
        #expect(throws: StorageError.damaged) {
            _ = try CatalogState(catalog)
            _ = try self.planted.found(in: catalog)
        }
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

/// One row of each table beside those of images and the log, and what it is found by.
private struct PlantedRows {
    private let operation: OperationRow
    private let proof: SlotProof
    private let backup: BackupRow
    private let approval: ApprovalRow
    private let answer: KeptAnswerRow
    private let pseudonym: PseudonymRow
    private let receipt: ReceiptRow
    private let ticket: TicketRow

    init(in catalog: SQLiteCatalog, _ rows: inout TestRows) throws {
        var operation = rows.operation(.running)
        proof = SlotProof(slot: rows.id(), provedMicroseconds: 1, mac: rows.id())
        backup = try rows.backup()
        approval = rows.approval()
        answer = rows.answer()
        pseudonym = rows.pseudonym(.actor, rows.id())
        receipt = rows.receipt(event: 3)
        var escrow = try rows.escrow()
        escrow.destroyed = .init(uid: 5, atMicroseconds: 6)
        let hold = try rows.hold(.image(.standard, rows.id()))
        var token = try rows.accessToken()
        token.previous = .init(digest: rows.id(), untilMicroseconds: 9)
        let (rotated, ticket) = (token, try rows.ticket())
        self.ticket = ticket
        let incident = try rows.incident(
            of: PrincipalName("web"),
            containment: .init(grade: .suspend, endsMicroseconds: 5, setter: 7))
        let purge = PurgeRow(through: 3, atMicroseconds: 4, mac: rows.id())
        let attestation = rows.attestation()
        let (registered, receipt) = (escrow, receipt)
        let (proof, backup, approval) = (proof, backup, approval)
        let (answer, pseudonym) = (answer, pseudonym)
        try catalog.transact { writer in
            operation.row = try writer.insertOperation(operation)
            try writer.insertFinding(rows.finding(of: operation.row))
            try writer.insertStatement(
                SignedStatement(operation: operation.operation, epoch: .first, note: "words"))
            try writer.setSlotProof(proof)
            try writer.insertBackup(backup)
            try writer.insertApproval(approval)
            try writer.insertKeptAnswer(answer)
            try writer.insertPseudonym(pseudonym)
            try writer.insertReceipt(receipt)
            try writer.insertEscrow(registered)
            try writer.insertHold(hold)
            try writer.insertAccessToken(rotated)
            try writer.insertTicket(ticket)
            try writer.insertIncident(incident)
            try writer.setPurge(purge)
            try writer.setAttestation(attestation)
        }
        self.operation = operation
    }

    static let count = 15

    /// Reads each row, and counts them.
    func found(in catalog: SQLiteCatalog) throws -> Int {
        try catalog.look { reader in
            var found = try reader.slotProofs().count
            found += try reader.backups(after: 0, limit: 10).count
            found += try reader.findings(of: operation.row, after: 0, limit: 10).count
            found += try reader.statement(of: operation.operation) == nil ? 0 : 1
            found += try reader.approval(approval.approval) == nil ? 0 : 1
            found += try reader.keptAnswer(answer.lookup) == nil ? 0 : 1
            found += try reader.pseudonym(of: pseudonym.kind, at: pseudonym.index) == nil ? 0 : 1
            found += try reader.receipt(receipt.receipt) == nil ? 0 : 1
            found += try reader.lastPurge() == nil ? 0 : 1
            found += try reader.escrows(after: 0, limit: 10).count
            found += try reader.holds(after: 0, limit: 10).count
            found += try reader.accessTokens(after: 0, limit: 10).count
            found += try reader.ticket(ticket.ticket) == nil ? 0 : 1
            found += try reader.attestations().count
            found += try reader.incidents(before: .max, limit: 10).count
            return found
        }
    }
}
