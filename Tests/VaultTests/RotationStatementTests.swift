// What a rotation came to, signed: it says what is true, and nothing else passes for it.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("The statement of a rotation")
struct RotationStatementTests {
    @Test("is signed by the log's key, is in the log, and says what is true")
    func statement() async throws {
        let signer = try TestKeys.logSigner()
        let test = try TestVault(signer: signer)
        defer { test.stop() }
        try await test.put(TestImages.small)
        try await test.put(TestImages.other)
        let answer = try await test.rotate()
        try await test.workToTheEnd()
        let text = try await test.statement(answer)
        let note = try SignedNote(parsing: text)
        #expect(try NoteVerifier(line: signer.verifierKey).verifies(note))
        #expect(try !NoteVerifier(line: TestKeys.logSigner().verifierKey).verifies(note))
        let statement = try RotationStatement(parsing: note.text)
        #expect(statement.operation.bytes == answer.body)
        #expect(statement.vault == test.keyring.vault)
        #expect(statement.epoch.value == 2)
        #expect(statement.emptied == [.first])
        #expect((statement.keys, statement.opened) == (4, 4))
        #expect(statement.generation == 3)
        let event = try #require(try test.log().first { $0.action == "rotation.stated" })
        #expect(event.statement == LogHash.digest(Array(text.utf8)).hex)
        #expect(event.index == statement.logSize)
        let leaves = try test.catalog.events().prefix(Int(statement.logSize))
        let frontier = try CatalogState.frontier(of: Array(leaves))
        #expect(frontier.root(hash: LogHash.node) == statement.logRoot)
    }

    @Test("any changed byte is refused")
    func changed() async throws {
        let signer = try TestKeys.logSigner()
        let test = try TestVault(signer: signer)
        defer { test.stop() }
        try await test.put(TestImages.small)
        let answer = try await test.rotate()
        try await test.workToTheEnd()
        let bytes = Array(try await test.statement(answer).utf8)
        let verifier = try NoteVerifier(line: signer.verifierKey)
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            guard let text = String(validating: changed, as: UTF8.self),
                let note = try? SignedNote(parsing: text)
            else { continue }
            #expect(!verifier.verifies(note), "byte \(place)")
        }
    }
}
