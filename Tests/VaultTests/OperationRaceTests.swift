// What happens to an image, or to the operation, while a step looks at it: what is entered afterwards is true
// then, and counted once.

import Testing
import Vault
import VaultCrypto
import VaultFormat
import VaultTestKit

@Suite("While a step looks")
struct OperationRaceTests {
    private let memory: MemoryCatalog
    private let test: TestVault
    /// The one image there is.
    private let image: ImageRow

    init() async throws {
        memory = MemoryCatalog()
        test = try TestVault(catalog: memory)
        image = try await test.put(TestImages.small).image
    }

    /// Has something happen once, while the first image is looked at.
    private func meanwhile(_ body: @escaping @Sendable () async throws -> Void) {
        let test = test
        test.inspector.whileLooking {
            test.inspector.whileLooking {}
            do { try await body() } catch { Issue.record(error) }
        }
    }

    @Test("an image that is deleted is counted, and neither found nor failed")
    func deleted() async throws {
        defer { test.stop() }
        test.inspector.answer(.finding(.decodeBroken))
        let answer = try await test.reinspect(.init(level: .structure, quarantines: true))
        meanwhile { [test, image] in try await test.delete(image.image) }
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 0, failures: 0)
    }

    @Test("an image that goes before its turn is counted, and no failure")
    func gone() async throws {
        defer { test.stop() }
        let next = try await test.put(TestImages.other).image
        let answer = try await test.reinspect()
        meanwhile { [test] in try await test.delete(next.image) }
        try await test.workToTheEnd()
        try await expect(answer, done: 2, found: 0, failures: 0)
    }

    @Test("an image that is stored anew is not what was looked at")
    func replaced() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect(.init(level: .structure, quarantines: true))
        test.inspector.answer(.finding(.decodeBroken))
        meanwhile { [test, image] in
            // The upload is sound: only what the step looks at is not.
            test.inspector.answer(.nothing)
            try await test.delete(image.image)
            try await test.put(TestImages.small)
        }
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 0, failures: 0)
        #expect(try await test.get(image.image) == TestImages.small)
    }

    @Test("a row that is changed gets no new authenticator, and is a failure")
    func damaged() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect(.init(level: .structure, quarantines: true))
        test.inspector.answer(.finding(.decodeBroken))
        meanwhile { [memory] in
            memory.tamper { $0.images[0].mac = RowMAC(checked: [UInt8](repeating: 1, count: 16)) }
        }
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 0, failures: 1)
        #expect(try await test.findings(answer).map(\.code) == [.rowDamaged])
        #expect(memory.tables.images[0].quarantinedMicroseconds == nil)
    }

    @Test("an image that is quarantined keeps the time at which it was")
    func quarantined() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect(.init(level: .structure, quarantines: true))
        test.inspector.answer(.finding(.decodeBroken))
        let moment = test.clock.nowMicroseconds()
        meanwhile { [test, image] in
            try await test.quarantine(image.image)
            test.clock.advance(microseconds: 5)
        }
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 1, failures: 0)
        #expect(memory.tables.images[0].quarantinedMicroseconds == moment)
    }

    @Test("an operation that is paused leaves the step to whoever resumes it")
    func paused() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect()
        meanwhile { [test] in try await test.move(answer, .pause) }
        try await test.workToTheEnd()
        #expect(try await test.operation(answer).state == .paused)
        try await expect(answer, done: 0, found: 0, failures: 0)
        try await test.move(answer, .resume)
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 0, failures: 0)
    }

    @Test("a daemon that stops enters nothing any more")
    func stopped() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect()
        let runner = OperationRunner(test.vault, share: 100)
        // The task cancels itself, as the daemon does while it waits for a worker.
        test.inspector.whileLooking { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
        await Task { _ = try? await runner.turn() }.value
        try await expect(answer, done: 0, found: 0, failures: 0)
    }

    /// In a process of its own, because every key of the process goes.
    @Test("keys that go leave nothing counted, and are no reason to take the work for done")
    func erased() async {
        await #expect(processExitsWith: .success) {
            let memory = MemoryCatalog()
            let test = try TestVault(catalog: memory)
            for image in TestImages.numbered(0..<2) { try await test.put(image) }
            try await test.reinspect()
            let runner = OperationRunner(test.vault, share: 100)
            test.inspector.whileLooking { KeyMemory.eraseAll() }
            for _ in 0..<2 {
                await #expect(throws: VaultError(.sealed)) { _ = try await runner.turn() }
            }
            #expect(memory.tables.operations[0].progress.done == 0)
            #expect(memory.tables.findings.isEmpty)
        }
    }

    @Test("what is dealt with once is never dealt with again")
    func twice() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect()
        let operation = try await test.operation(answer).operation
        let step = OperationStep(
            cursor: image.row, .images([.init(image: image, outcome: .passed(nil))]))
        let event = Event(.operationAdvanced, atMicroseconds: 1)
        _ = try await test.vault.committer.commit(.advanceOperation(operation, step), event)
        #expect(
            try await refusal {
                _ = try await test.vault.committer.commit(.advanceOperation(operation, step), event)
            } == .operationConflict)
        try await expect(answer, done: 1, found: 0, failures: 0)
    }

    @Test("a worker that dies is asked once more, and twice is a failure of that image")
    func workers() async throws {
        defer { test.stop() }
        let asked = test.inspector.asked.count
        let first = try await test.reinspect()
        test.inspector.answer(.error(VaultError(.inspectionFailed)))
        meanwhile { [test] in test.inspector.answer(.nothing) }
        try await test.workToTheEnd()
        try await expect(first, done: 1, found: 0, failures: 0)
        #expect(test.inspector.asked.count == asked + 2)

        test.inspector.answer(.error(VaultError(.inspectionFailed)))
        let second = try await test.reinspect()
        try await test.workToTheEnd()
        try await expect(second, done: 1, found: 0, failures: 1)
        #expect(try await test.findings(second).map(\.code) == [.inspectionFailed])
        #expect(test.inspector.asked.count == asked + 4)
    }

    @Test("an image that came after the operation was asked for is not its business")
    func later() async throws {
        defer { test.stop() }
        let answer = try await test.reinspect()
        try await test.put(TestImages.other)
        try await test.workToTheEnd()
        try await expect(answer, done: 1, found: 0, failures: 0)
    }

    private func expect(
        _ answer: StoredAnswer, done: Int, found: Int, failures: Int,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let progress = try await test.operation(answer).progress
        #expect(
            [progress.done, progress.found, progress.failures] == [done, found, failures],
            sourceLocation: place)
    }
}
