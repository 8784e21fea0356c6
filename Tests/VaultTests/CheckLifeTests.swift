// A check as an operation: through restarts, beside other work, and on a log that tells what came about.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("The life of a check")
struct CheckLifeTests {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()
    private let ann: TestClaim
    private let bob: TestClaim

    init() throws {
        ann = try TestClaim(owner: "ann", job: "7")
        bob = try TestClaim(owner: "bob")
    }

    private func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    @Test("it goes on after a restart, in the middle of the log too, and finds each thing once")
    func resumes() async throws {
        var test = try vault()
        let keyring = test.keyring
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.put(TestImages.small, as: bob)
        try await test.hold(.claim(.standard, TestClaim(owner: "eve").claim))
        let before = memory.tables
        try await test.delete(id, as: ann)
        for _ in 0..<Limits.checkEvents { try await test.vault.recordService(.serviceStarted) }
        memory.tamper {
            $0.references = before.references
            $0.holds = []
        }
        let answer = try await test.startCheck()
        var turns = 0
        while try await OperationRunner(test.vault, share: 100).turn() {
            turns += 1
            test.stop()
            test = try TestVault(catalog: memory, blobs: blobs, keyring: keyring)
        }
        defer { test.stop() }
        // Two pieces of the log, the images, the claims, the end, and the end of the operation.
        #expect(turns == 6)
        let operation = try await test.operation(answer)
        #expect(operation.state == .done)
        #expect(operation.progress.done == operation.progress.total)
        #expect(operation.progress.found == 2)
        let found = try await test.findings(answer)
        let events = [try memory.index(.imageDelete), try memory.index(.holdPlaced)]
        #expect(found.map(\.event) == events)
        // It is one at a time, is in the log, and changes nothing but its own row.
        let images = memory.tables.images
        let next = try await test.startCheck()
        #expect(try await refusal { _ = try await test.startCheck() } == .operationConflict)
        try await test.workToTheEnd()
        #expect(try await test.operation(next).progress.found == 2)
        #expect(memory.tables.images == images)
        let lines = try test.log().filter { $0.work == "check" }
        #expect(lines.last?.found == 2 && lines.last?.action == "operation.ended")
    }

    @Test("while it runs, what is done beside it is not found")
    func beside() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        let hold = try await test.hold(.image(.standard, id))
        let answer = try await test.startCheck()
        let runner = OperationRunner(test.vault, share: 100)
        _ = try await runner.turn()
        try await test.release(hold)
        try await test.quarantine(id)
        _ = try await runner.turn()
        try await test.approve(test.ask(.eraseImage, id))
        try await test.put(TestImages.small, as: bob)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).progress.found == 0)
    }

    @Test("what an operation did not erase is not called deleted in the log")
    func held() async throws {
        let test = try vault()
        defer { test.stop() }
        let id = try await test.put(TestImages.small, as: ann).image.image
        try await test.hold(.image(.standard, id))
        try await test.erase(TestClaim(owner: "ann"))
        let lines = try test.log()
        #expect(!lines.contains { $0.action == "image.delete" })
        let step = lines.last { $0.work == "erase" && $0.action == "operation.advanced" }
        #expect(step?.failures == 1 && step?.image == nil)
        #expect(try await test.check().isEmpty)
    }
}
