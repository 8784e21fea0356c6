// All that a person claims, as one piece of work: nothing of others, nothing that came later, nothing twice.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Erasure of an owner's claims", .serialized)
struct OwnerErasureTests {
    private let memory = MemoryCatalog()
    private let blobs = MemoryBlobStore()
    private let ann: TestClaim
    private let bob: TestClaim

    init() throws {
        ann = try TestClaim(owner: "ann")
        bob = try TestClaim(owner: "bob")
    }

    private func vault() throws -> TestVault { try TestVault(catalog: memory, blobs: blobs) }

    @Test("takes every claim of the owner, and spares what others claim")
    func spares() async throws {
        let test = try vault()
        defer { test.stop() }
        let images = TestImages.numbered(0..<20)
        for image in images { try await test.put(image, as: ann) }
        let shared = try await test.put(images[3], as: bob).image.image
        let job = try TestClaim(owner: "ann", job: "7")
        try await test.put(images[4], as: job)
        let clinic = try TestClaim(owner: "ann", in: TestKeys.clinic)
        let elsewhere = try await test.put(images[5], as: clinic).image.image
        let receipt = try await test.receipt(test.erase(ann))
        #expect((receipt.kind, receipt.claims, receipt.images) == (.claims, 21, 19))
        #expect(receipt.waits.contains(.purge) && !receipt.waits.contains(.operation))
        #expect(try await test.get(shared, as: bob) == images[3])
        #expect(try await test.get(elsewhere, as: clinic) == images[5])
        #expect(try await test.list(as: ann).images.isEmpty)
        #expect(try memory.totals().images == 2)
        #expect(blobs.names.count == 2)
        let taken = try test.log().filter { $0.action == "image.delete" }
        #expect(taken.count == 21)
        #expect(taken.allSatisfy { $0.operation == receipt.operation?.hex && $0.reference != nil })
        #expect(taken.last?.index == receipt.event)
        #expect(taken.allSatisfy { $0.receipt == receipt.receipt.hex })
    }

    @Test("by a job, and by owner and job together")
    func jobs() async throws {
        let test = try vault()
        defer { test.stop() }
        let both = try TestClaim(owner: "ann", job: "7")
        let other = try TestClaim(owner: "ann", job: "8")
        let third = try TestClaim(owner: "bob", job: "7")
        for (number, who) in [both, other, third].enumerated() {
            try await test.put(TestImages.numbered(number), as: who)
        }
        #expect(try await test.receipt(test.erase(both)).claims == 1)
        #expect(try await test.receipt(test.erase(TestClaim(job: "7"))).claims == 1)
        #expect(try await test.list(as: other).images.count == 1)
        #expect(
            try await refusal { _ = try await test.startErasure(of: .unnamed) }
                == .invalidParameter)
    }

    @Test("what is claimed after it was asked for stays")
    func later() async throws {
        let test = try vault()
        defer { test.stop() }
        let first = try await test.put(TestImages.small, as: ann).image.image
        let (answer, receipt) = try await test.startErasure(of: ann)
        let begun = try await test.receipt(receipt)
        #expect((begun.waits, begun.left) == ([.operation], nil))
        let second = try await test.put(TestImages.other, as: ann).image.image
        // Made anew meanwhile: not what was to be erased.
        try await test.put(TestImages.small, name: "again.png", as: ann)
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .done)
        #expect(try await test.get(second, as: ann) == TestImages.other)
        #expect(try await test.get(first, as: ann) == TestImages.small)
        let done = try await test.receipt(receipt)
        #expect((done.claims, done.event, done.left) == (0, nil, 0))
    }

    @Test("what may not go stays, and is told of; the rest goes")
    func failures() async throws {
        let test = try vault()
        defer { test.stop() }
        let ids = try await ids(of: TestImages.numbered(0..<4), test)
        try await test.hold(.image(.standard, ids[0]))
        try await test.quarantine(ids[1])
        memory.tamper { $0.images[2].verdict = $0.images[2].verdict.at(.decode) }
        let (answer, receipt) = try await test.startErasure(of: ann)
        try await test.workToTheEnd()
        let operation = try await test.operation(answer)
        #expect((operation.state, operation.progress.done) == (.done, 4))
        #expect(operation.progress.failures == 3)
        let findings = try await test.findings(answer)
        #expect(findings.map(\.image) == Array(ids[..<3]))
        #expect(findings.map(\.code) == [.held, .quarantined, .rowDamaged])
        let told = try await test.receipt(receipt)
        #expect((told.claims, told.left) == (1, 3))
    }

    @Test("what went otherwise meanwhile is not left")
    func wentOtherwise() async throws {
        let test = try vault()
        defer { test.stop() }
        let ids = try await ids(of: TestImages.numbered(0..<3), test)
        let (_, receipt) = try await test.startErasure(of: ann)
        try await test.delete(ids[1], as: ann)
        try await test.workToTheEnd()
        let told = try await test.receipt(receipt)
        #expect((told.claims, told.left) == (2, 0))
    }

    @Test("a work's row that is damaged, or gone, leaves its receipt waiting")
    func rowOfTheWork() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small, as: ann)
        let (_, receipt) = try await test.startErasure(of: ann)
        memory.tamper { $0.operations[0].state = .done }
        try await test.workToTheEnd()
        #expect(try await test.receipt(receipt).waits == [.operation])
        memory.tamper { $0.operations = [] }
        #expect(try await test.receipt(receipt).waits == [.operation])
    }

    @Test("a receipt that does not verify keeps no operation from its end, and is refused")
    func damagedReceipt() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small, as: ann)
        let (answer, receipt) = try await test.startErasure(of: ann)
        memory.tamper { $0.receipts[0].left = 0 }
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).failure == .rowDamaged)
        #expect(try await refusal { _ = try await test.receipt(receipt) } == .rowDamaged)
    }

    private func ids(of images: [[UInt8]], _ test: TestVault) async throws -> [ImageID] {
        var ids: [ImageID] = []
        for image in images { ids.append(try await test.put(image, as: ann).image.image) }
        return ids
    }

    @Test("goes on after a restart where it stood, and counts nothing twice")
    func restart() async throws {
        var test = try vault()
        for image in TestImages.numbered(0..<40) { try await test.put(image, as: ann) }
        let (_, receipt) = try await test.startErasure(of: ann)
        #expect(try await OperationRunner(test.vault, share: 100).turn())
        let before = try await test.receipt(receipt)
        #expect((1..<40).contains(before.claims))
        #expect(before.waits.first == .operation)
        test.stop()
        test = try test.reopened()
        defer { test.stop() }
        try await test.workToTheEnd()
        try await test.purge()
        let after = try await test.receipt(receipt)
        #expect((after.claims, after.images, after.level) == (40, 40, .purged))
        #expect(blobs.names.isEmpty)
    }

    @Test("that was cancelled keeps what it took")
    func cancelled() async throws {
        let test = try vault()
        defer { test.stop() }
        for image in TestImages.numbered(0..<40) { try await test.put(image, as: ann) }
        let (answer, receipt) = try await test.startErasure(of: ann)
        _ = try await OperationRunner(test.vault, share: 100).turn()
        try await test.cancel(answer)
        try await test.purge()
        let told = try await test.receipt(receipt)
        #expect((told.level, told.left) == (.purged, 40 - told.claims))
        #expect((1..<40).contains(told.claims))
        #expect(try memory.totals().references == 40 - Int(told.claims))
    }

    @Test("of many at once each has its own; too many wait")
    func crowd() async throws {
        let test = try vault()
        defer { test.stop() }
        var made: Set<ReceiptID> = []
        for number in 0..<Limits.erasuresUnfinished {
            made.insert(try await test.startErasure(of: TestClaim(owner: "o\(number)")).receipt)
        }
        #expect(made.count == Limits.erasuresUnfinished)
        #expect(
            try await refusal { _ = try await test.startErasure(of: ann) } == .overloaded)
        try await test.workToTheEnd()
        _ = try await test.startErasure(of: ann)
    }

    @Test("blobs that a re-encryption changed meanwhile go too")
    func reencrypted() async throws {
        let catalog = GatedReads(memory)
        let test = try TestVault(catalog: catalog, blobs: blobs, signer: TestKeys.logSigner())
        defer { test.stop() }
        for image in TestImages.numbered(0..<3) { try await test.put(image, as: ann) }
        let older = try await test.reencrypt()
        try await test.move(older, .pause)
        let (_, receipt) = try await test.startErasure(of: ann)
        let runner = OperationRunner(test.vault, share: 100)
        let before = blobs.names
        // What may run was read, and what is to go: before that is committed, everything is sealed anew.
        catalog.afterRead(2) {
            OwnThread.wait {
                _ = try? await test.move(older, .resume)
                while (try? await test.operation(older).state.isFinal) == false {
                    _ = try? await runner.turn()
                }
            }
        }
        #expect(try await runner.turn())
        #expect(!catalog.awaitsRead)
        #expect(try await test.operation(older).state == .done)
        #expect(blobs.names.isDisjoint(with: before))
        try await test.workToTheEnd()
        #expect(try await test.receipt(receipt).claims == 3)
        #expect(blobs.names.isEmpty)
        #expect(try memory.census() == [:])
    }
}
