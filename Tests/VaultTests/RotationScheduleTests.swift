// Rotations of the vault's own accord: begun when they are due, once, and not again and again.

import Testing
import Vault
import VaultFormat
import VaultTestKit

@Suite("Rotation on a schedule")
struct RotationScheduleTests {
    private let memory = MemoryCatalog()

    private func vault() throws -> TestVault {
        try TestVault(catalog: memory, signer: TestKeys.logSigner())
    }

    @Test(
        "on a schedule it is begun when the primary epoch is old enough, once, in the log's words")
    func schedule() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.put(TestImages.small)
        let day: Int64 = 86_400_000_000
        test.clock.advance(microseconds: 30 * day - test.clock.nowMicroseconds() - 1)
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        test.clock.advance(microseconds: 1)
        #expect(try await test.vault.rotateIfDue(everyDays: 30, creator: 77))
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        try await test.workToTheEnd()
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        #expect(try memory.census() == [2: 2])
        #expect(try await test.operations().map(\.creator) == [77])
        let begun = try test.log().filter { $0.action == "operation.started" }
        #expect(begun.map(\.uid) == [nil])
    }

    @Test("on a schedule one that failed or was cancelled is not begun again at once")
    func pause() async throws {
        let test = try vault()
        defer { test.stop() }
        let old = try #require(test.keyFiles.file(.keyring))
        _ = try await test.vault.rotateRoot(test.call())
        let current = try #require(test.keyFiles.file(.keyring))
        test.keyFiles.tamper(old)
        test.clock.advance(microseconds: 30 * 86_400_000_000)
        #expect(try await test.vault.rotateIfDue(everyDays: 30, creator: 77))
        try await test.workToTheEnd()
        #expect(try await test.operations().map(\.failure) == [.keyringRefused])
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        test.clock.advance(microseconds: Limits.rotationRetrySeconds * 1_000_000 - 1)
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        test.clock.advance(microseconds: 1)
        test.keyFiles.tamper(current)
        #expect(try await test.vault.rotateIfDue(everyDays: 30, creator: 77))
        let begun = try #require(try await test.operations().first)
        _ = try await test.vault.move(begun.operation, .cancel, test.call())
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
    }

    @Test("a row that somebody without keys wrote keeps no schedule from its rotation")
    func forgedRow() async throws {
        let test = try vault()
        defer { test.stop() }
        try await test.rotate()
        test.clock.advance(microseconds: 30 * 86_400_000_000)
        #expect(try await !test.vault.rotateIfDue(everyDays: 30, creator: 77))
        memory.tamper { $0.operations[0].changedAt += 1 }
        #expect(try await test.vault.rotateIfDue(everyDays: 30, creator: 77))
    }

    @Test("what keeps a scheduled rotation from beginning is an event, once for as long as it does")
    func refusedSchedule() async throws {
        let faults = Faults()
        let test = try TestVault(
            catalog: MemoryCatalog(faults: faults), signer: TestKeys.logSigner())
        defer { test.stop() }
        test.clock.advance(microseconds: 30 * 86_400_000_000)
        let schedule = RotationSchedule(test.vault, everyDays: 30, creator: 77)
        var told: ErrorCode?
        for _ in 0..<2 {
            faults.arm("census", .damaged)
            told = await schedule.look(after: told)
            #expect(told == .catalogDamaged)
        }
        faults.disarm()
        #expect(await schedule.look(after: told) == nil)
        #expect(
            try test.log().map(\.summary).filter { $0.hasPrefix("operation.started") } == [
                "operation.started failed catalog-damaged", "operation.started done",
            ])
    }
}
